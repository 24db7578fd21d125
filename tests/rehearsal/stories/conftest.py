"""One deployed exchange for all stories of the session: deploying takes half a minute."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.commands import ROOT
from rehearsal.stage import Stage
from rehearsal.stage_process import READY
from rehearsal.stories import STORIES, Played
from rehearsal.traffic import Traffic
from stacks.settings import load_settings

ENVIRONMENT = "prod2"


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Where the stage is, once every stack is deployed."""
    command = [sys.executable, "-m", "rehearsal.stage_process", str(tmp_path_factory.mktemp("stage")), ENVIRONMENT]
    process = subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    try:
        yield _ready(process)
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def _ready(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        if line.startswith(READY):
            found: dict[str, Any] = json.loads(line.removeprefix(READY))
            return found
        seen.append(line)
    pytest.fail("the stage was not set:\n" + "".join(seen[-40:]))


@pytest.fixture(scope="session")
def bare_stage(place: dict[str, Any]) -> Iterator[Stage]:
    settings = load_settings(ENVIRONMENT)
    host = settings.domain.name if settings.domain else Path(place["door"]).name
    with Traffic(place["door"], host=host) as traffic:
        yield Stage(settings=settings, aws=place["aws"], door=place["door"], traffic=traffic, say=print)


@pytest.fixture(scope="session")
def first_release(bare_stage: Stage) -> Played:
    return STORIES["first-release"].run(bare_stage)


@pytest.fixture(scope="session")
def stage(bare_stage: Stage, first_release: Played) -> Stage:
    """A stage whose first release is out."""
    broken = [promise for promise in first_release.promises if not promise.kept]
    assert not broken, "the first release failed, so no story can be played"
    return bare_stage

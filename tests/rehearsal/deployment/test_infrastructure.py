"""`python -m release infrastructure` with the real CDK CLI, on a deployed environment, as the pipeline runs it."""

from pathlib import Path
from time import time
from typing import Any

import pytest

from rehearsal import commands_repository
from rehearsal.commands import Command, Finished
from rehearsal.stage import Stage
from rehearsal.stage_process import SPEED
from rehearsal.traffic import Traffic
from settings.loading import load_settings

pytestmark = pytest.mark.timeout(300)
ENVIRONMENT = "staging"
LEASE = 3600


@pytest.fixture(scope="module")
def stage(place: dict[str, Any]) -> Stage:
    traffic = Traffic(place["door"], host="")
    settings = load_settings(ENVIRONMENT)
    return Stage(settings=settings, aws=place["aws"], door=place["door"], traffic=traffic, say=print, speed=SPEED)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project, as the pipeline has it."""
    folder: Path = tmp_path_factory.mktemp("project") / "commands"
    commands_repository.write(folder)
    return folder


def infrastructure(stage: Stage, project: Path) -> Finished:
    command = [str(project / ".venv" / "bin" / "python"), "-m", "release", "-e", ENVIRONMENT, "infrastructure"]
    return Command(command, environment=stage.aws, folder=project, say=print).wait(200)


def watched_hours(stage: Stage) -> str:
    """As the function that watches releases is told."""
    pages = stage.client("lambda").get_paginator("list_functions").paginate()
    functions = [one for page in pages for one in page["Functions"]]
    [seconds] = {
        value
        for one in functions
        if one["FunctionName"].startswith("exchange-staging-release")
        for name, value in one.get("Environment", {}).get("Variables", {}).items()
        if name == "WATCH_SECONDS"
    }
    return str(int(seconds) // 3600)


def holders(stage: Stage) -> list[str | None]:
    return [stage.ledger.lock(name).holder for name in stage.settings.chain]


def test_what_is_deployed_as_described_is_left_alone(stage: Stage, project: Path) -> None:
    done = infrastructure(stage, project)
    assert (done.code, "everything is deployed as it is described" in done.output) == (0, True), done.output


def test_f15_nothing_is_deployed_while_a_release_holds_a_lock_and_all_locks_are_free_afterwards(
    stage: Stage, project: Path
) -> None:
    settings = project / "config" / "exchange.toml"
    written = settings.read_text(encoding="utf-8")
    assert "\nhours = 48 " in written
    settings.write_text(written.replace("\nhours = 48 ", "\nhours = 47 "), encoding="utf-8")
    holder = "infrastructure:somebody-elses"  # whoever has no execution counts as alive until the lease is over
    stage.ledger.acquire("engine", holder, now=time(), lease=LEASE)
    refused = infrastructure(stage, project)
    assert refused.code == 1, refused.output
    assert holder in refused.output
    assert watched_hours(stage) == "48"
    assert holders(stage) == [None, None, holder]
    assert stage.ledger.give_back("engine", holder)


def test_f15_f19_the_stack_that_differs_is_deployed_alone_under_all_locks(stage: Stage, project: Path) -> None:
    done = infrastructure(stage, project)
    assert done.code == 0, done.output
    assert "deployed exchange-staging-release" in done.output
    assert watched_hours(stage) == "47"
    assert holders(stage) == [None, None, None]
    assert infrastructure(stage, project).output.count("everything is deployed as it is described") == 1

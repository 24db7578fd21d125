"""One deployed production for all stories and workflows of a process: deploying takes half a minute."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.stage import Stage
from rehearsal.stories import STORIES, Played
from rehearsal.traffic import Traffic
from settings.loading import load_settings
from tests.rehearsal.stages import SPEED, set_stage

ENVIRONMENT = "prod2"


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Where the stage is, once every stack is deployed."""
    with set_stage(ENVIRONMENT, tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.fixture(scope="session")
def bare_stage(place: dict[str, Any]) -> Iterator[Stage]:
    settings = load_settings(ENVIRONMENT)
    host = settings.domain.name if settings.domain else Path(place["door"]).name
    with Traffic(place["door"], host=host) as traffic:
        yield Stage(settings=settings, aws=place["aws"], door=place["door"], traffic=traffic, say=print, speed=SPEED)


@pytest.fixture(scope="session")
def first_release(bare_stage: Stage) -> Played:
    return STORIES["first-release"].run(bare_stage)


@pytest.fixture(scope="session")
def stage(bare_stage: Stage, first_release: Played) -> Stage:
    """A stage whose first release is out."""
    broken = [promise for promise in first_release.promises if not promise.kept]
    assert not broken, "the first release failed, so no story can be played"
    return bare_stage

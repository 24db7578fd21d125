"""From a commit to production, by the pipeline that `cdk synth` wrote: an environment with its staging, deployed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.stage import Stage
from rehearsal.stories import STORIES
from rehearsal.traffic import Traffic
from settings.loading import load_settings
from tests.rehearsal.stages import SPEED, set_stage

pytestmark = pytest.mark.timeout(7200)
ENVIRONMENT = "prod2"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with set_stage(ENVIRONMENT, tmp_path_factory.mktemp("push"), "pushes", "uncompared") as found:
        yield found


@pytest.fixture(scope="module")
def stage(place: dict[str, Any]) -> Iterator[Stage]:
    settings = load_settings(ENVIRONMENT)
    assert settings.domain is not None
    assert settings.staging is not None
    told: dict[str, Any] = {"aws": place["aws"], "say": print, "speed": SPEED}
    before = Traffic(place["staging_door"], host="")
    staging = Stage(settings=settings.staging, door=place["staging_door"], traffic=before, **told)
    with Traffic(place["door"], host=settings.domain.name) as traffic:
        yield Stage(
            settings=settings,
            door=place["door"],
            traffic=traffic,
            staging=staging,
            monorepo=Path(place["monorepo"]),
            **told,
        )


def test_f7_f19_f20_a_commit_goes_to_production_and_another_breaks_the_client_and_is_undone(stage: Stage) -> None:
    played = STORIES["push"].run(stage)
    assert played.promises
    assert not [f"{promise.name}: {promise.seen}" for promise in played.promises if not promise.kept]

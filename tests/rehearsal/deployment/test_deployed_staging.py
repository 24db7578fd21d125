"""Staging, deployed, which is what the CDK CLI takes without a further argument, and its infrastructure afterwards.

`python -m release infrastructure` is run as the pipeline runs it.
"""

from pathlib import Path
from time import time
from typing import Any

import pytest

from rehearsal import git_repositories
from rehearsal.commands import ROOT, Command, Finished
from rehearsal.deployment import CLI
from rehearsal.stage import Stage
from rehearsal.traffic import Traffic
from settings.environment import EcsKafka
from settings.loading import load_settings
from tests.rehearsal.stages import SPEED, WITHOUT_RULES

pytestmark = pytest.mark.timeout(300)


def cdk(place: dict[str, Any], output: Path, *arguments: str) -> Finished:
    command = [CLI, *arguments, "--no-notices", "--output", str(output)]
    return Command(command, environment={**place["aws"], **WITHOUT_RULES}, folder=ROOT, say=print).wait(200)


def test_every_stack_of_staging_is_deployed_as_it_was_synthesized(place: dict[str, Any]) -> None:
    assert len(place["stacks"]) == 10
    assert all(name.startswith("exchange-staging-") for name in place["stacks"])
    assert place["differing_templates"] == []


def test_cdk_diff_needs_no_argument_and_finds_nothing_after_a_deployment(place: dict[str, Any], tmp_path: Path) -> None:
    done = cdk(place, tmp_path, "diff", "--fail")
    assert done.code == 0, done.output
    assert "Number of stacks with differences: 0" in done.output


def test_cdk_deploy_all_needs_no_argument_and_changes_nothing_the_second_time(
    place: dict[str, Any], tmp_path: Path
) -> None:
    done = cdk(place, tmp_path, "deploy", "--all", "--require-approval", "never")
    assert done.code == 0, done.output
    assert done.output.count("(no changes)") == 10


def test_the_first_release_of_staging_finds_its_broker_by_name(place: dict[str, Any]) -> None:
    settings = load_settings("staging")
    traffic = Traffic(place["door"], host="")
    stage = Stage(settings=settings, aws=place["aws"], door=place["door"], traffic=traffic, say=print, speed=SPEED)
    assert isinstance(settings.kafka, EcsKafka)
    images = stage.build_all()
    assert stage.release(images).code == 0
    assert {name: stage.running(name).digests for name in images} == {
        name: frozenset((image.digest,)) for name, image in images.items()
    }


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
    git_repositories.write_commands(folder)
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

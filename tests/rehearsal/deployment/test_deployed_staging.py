"""Staging, which is what the CDK CLI takes without a further argument."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.commands import ROOT, Command, Finished
from rehearsal.deployment import CLI
from rehearsal.stage import Stage
from rehearsal.stage_process import SPEED
from rehearsal.traffic import Traffic
from settings.environment import EcsKafka
from settings.loading import load_settings
from tests.rehearsal.stages import WITHOUT_RULES

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

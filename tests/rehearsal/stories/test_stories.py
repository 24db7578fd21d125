"""Every promise of every story."""

from typing import Any

import pytest

from rehearsal.stage import Stage
from rehearsal.stories import STORIES, Played

pytestmark = pytest.mark.timeout(400)


def _require(played: Played) -> None:
    assert played.promises
    assert not [f"{promise.name}: {promise.seen}" for promise in played.promises if not promise.kept]


def test_what_is_deployed_is_byte_for_byte_what_cdk_synth_says(place: dict[str, Any]) -> None:
    assert len(place["stacks"]) == 11
    assert place["differing_templates"] == []


def test_f4_the_first_release_brings_every_service_to_life(first_release: Played) -> None:
    _require(first_release)


def test_f1_f22_f23_f24_f26_a_good_release_of_everything_under_traffic_harms_nobody(stage: Stage) -> None:
    _require(STORIES["good-release"].run(stage))


def test_f12_a_client_that_fails_a_fifth_of_its_requests_is_refused_and_undone(stage: Stage) -> None:
    _require(STORIES["bad-client"].run(stage))


def test_f10_f20_a_second_release_while_one_is_under_way_is_refused(stage: Stage) -> None:
    _require(STORIES["busy"].run(stage))


def test_f35_killing_the_command_line_does_not_harm_the_release(stage: Stage) -> None:
    _require(STORIES["killed-command-line"].run(stage))


def test_f7_a_rollback_by_hand_puts_the_former_digest_back(stage: Stage) -> None:
    _require(STORIES["rollback-by-hand"].run(stage))

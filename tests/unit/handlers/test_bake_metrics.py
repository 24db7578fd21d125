"""The bake gate, and what the components report of themselves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from release_engine.metric_check import MetricCheck
from release_handlers import bake
from release_handlers.world import World
from tests.unit.aws.account import Account
from tests.unit.aws.answers import error
from tests.unit.aws.digests import NEW, OLD

LAG = MetricCheck("consumer lag", "ConsumerLag", "Maximum", 30, unit="s")
STATE = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release"}


@pytest.fixture
def baking(account: Account, world: World) -> World:
    """The new version runs, and its lag is watched."""
    account.run(NEW)
    component = world.components["client"]
    world.components["client"] = replace(component, gate=replace(component.gate, metrics=(LAG,)))
    return world


def rounds(world: World, count: int) -> dict[str, Any]:
    state: dict[str, Any] = {**STATE}
    for _ in range(count):
        state["bake"] = bake.take_round(state, world, 60)
    found: dict[str, Any] = state["bake"]
    return found


def test_a_small_lag_passes_with_the_rest(account: Account, baking: World) -> None:
    account.reported["ConsumerLag", NEW] = [2.0, 40.0]  # newest first: what was before is over
    judged = rounds(baking, 3)
    assert (judged["status"], judged["verdict"]) == ("judged", "PASS")
    assert "consumer lag 2 s <= limit 30 s (0 bad of 3 readings)" in judged["reason"]


def test_f24_a_lag_that_grows_ends_the_bake_at_once(account: Account, baking: World) -> None:
    account.reported["ConsumerLag", NEW] = [310.0]
    judged = rounds(baking, 1)
    assert (judged["status"], judged["verdict"]) == ("judged", "FAIL")
    assert judged["reason"] == "consumer lag 310 s > limit 30 s (1 bad of 1 readings)"


def test_f34_a_version_that_reports_nothing_is_never_good(account: Account, baking: World) -> None:
    account.reported["ConsumerLag", OLD] = [0.0]  # the former version's word is none about this one
    judged = rounds(baking, 6)
    assert (judged["status"], judged["verdict"]) == ("judged", "INCONCLUSIVE")
    assert judged["reason"] == "consumer lag has 0 readings with data < minimum 3"


def test_metrics_that_cannot_be_read_are_doubt(
    account: Account, baking: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> Mapping[str, Any]:
        raise error("ThrottlingException")

    monkeypatch.setattr(account.clients["cloudwatch"], "get_metric_data", throttled)
    judged = rounds(baking, 6)
    assert judged["verdict"] == "INCONCLUSIVE"
    assert "consumer lag could not be read 6 times in a row" in judged["reason"]
    assert "ThrottlingException" in judged["reason"]


def test_a_result_that_cloudwatch_calls_wrong_is_no_reading(
    account: Account, baking: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"MetricDataResults": [{"Id": "m0", "Values": [], "StatusCode": "InternalError"}]}
    monkeypatch.setattr(account.clients["cloudwatch"], "get_metric_data", lambda **_: answer)
    assert rounds(baking, 1)["reported"]["consumer lag"]["errors_in_a_row"] == 1

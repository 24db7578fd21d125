"""What switches a net off in a story switches off that net and no other."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rehearsal.story_parts import nets, tampered_gate
from release_handlers import health_gate

Handler = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]
TESTING = {"lifecycleStage": "POST_TEST_TRAFFIC_SHIFT"}
SHIFTING = {"lifecycleStage": "PRE_PRODUCTION_TRAFFIC_SHIFT"}
BAKING = {"state": {"component": "client"}}


@pytest.fixture(autouse=True)
def real_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so when it is asked."""
    monkeypatch.setattr(health_gate, "handler", lambda event, _context: {"asked": event})


@pytest.mark.parametrize(
    ("handler", "waved_through", "judged"),
    [
        (tampered_gate.without_hook, [TESTING, SHIFTING], [BAKING]),
        (tampered_gate.without_test_traffic, [TESTING], [SHIFTING, BAKING]),
        (tampered_gate.without_bake, [BAKING], [TESTING, SHIFTING]),
        (tampered_gate.without_either, [TESTING, SHIFTING, BAKING], []),
    ],
)
def test_a_tampered_gate_waves_its_part_through_and_asks_the_real_one_about_the_rest(
    handler: Handler, waved_through: list[Mapping[str, Any]], judged: list[Mapping[str, Any]]
) -> None:
    assert all("asked" not in handler(event, None) for event in waved_through)
    assert all(handler(event, None) == {"asked": event} for event in judged)


def test_a_tampered_gate_answers_ecs_and_the_machine_as_they_expect_it() -> None:
    assert tampered_gate.without_hook(TESTING, None) == {"hookStatus": "SUCCEEDED"}  # type: ignore[arg-type]
    said = tampered_gate.without_bake(BAKING, None)  # type: ignore[arg-type]
    assert (said["status"], said["verdict"], said["reason"]) == ("judged", "PASS", tampered_gate.WAVED_THROUGH)


def test_an_alarm_is_put_back_with_what_it_was_made_of_and_nothing_else() -> None:
    told = {
        "AlarmName": "5xx",
        "AlarmArn": "arn:…",
        "StateValue": "OK",
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [],
        "Unit": None,
    }
    kept = {"AlarmName": "5xx", "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    math, plain = {"Metrics": [{"Id": "rate"}]}, {"MetricName": "Errors", "Period": 60}
    assert nets._settings({**told, **math, "Period": 60}) == kept | math
    assert nets._settings({**told, **plain}) == kept | plain

"""The third net."""

from dataclasses import replace
from typing import Any

import pytest

from release_engine.ledger import Kind, Outcome, Release, epoch
from release_engine.model import parse_components
from release_engine.watch import cause_of, component_of, more_suspect, release_to_undo
from tests.unit.aws.account import COMPONENT

CLIENT = parse_components({"client": COMPONENT})["client"]
FINISHED = "2026-11-24T10:30:00Z"
LAST = Release(
    "r1", "client", "sha256:1", Kind.RELEASE, "test", Outcome.RELEASED, "2026-11-24T10:00:00Z", finished_at=FINISHED
)
SERVICE = "arn:aws:ecs:us-west-2:111122223333:service/exchange-test/exchange-client-web"


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({"resources": [SERVICE], "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED"}}, True),
        ({"resources": [SERVICE], "detail": {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}}, False),
        ({"resources": ["x/other"], "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED"}}, False),
        ({"detail": {"alarmName": "exchange-test-client-5xx", "state": {"value": "ALARM"}}}, True),
        ({"detail": {"alarmName": "exchange-test-client-5xx", "state": {"value": "OK"}}}, False),
        ({"detail": {"alarmName": "exchange-test-engine-5xx", "state": {"value": "ALARM"}}}, False),
        ({}, False),
    ],
)
def test_an_event_speaks_against_a_component_or_none(event: dict[str, Any], found: bool) -> None:
    assert (component_of(event, [CLIENT]) is CLIENT) is found


@pytest.mark.parametrize(
    ("history", "now", "undone", "reason"),
    [
        ([LAST], 60, True, ""),
        ([LAST], 7201, False, "was released more than 120 minutes ago"),
        ([], 60, False, "nothing was ever released"),
        ([replace(LAST, outcome=Outcome.FAILED)], 60, False, "nothing to undo"),
        ([replace(LAST, kind=Kind.ROLLBACK)], 60, False, "nothing to undo"),
        ([LAST, replace(LAST, release_id="r2", outcome=Outcome.REFUSED)], 60, True, ""),
        ([replace(LAST, finished_at=None)], 60, False, "more than"),
    ],
)
def test_f27_the_last_release_is_undone_while_it_is_watched(
    history: list[Release], now: int, undone: bool, reason: str
) -> None:
    found, said = release_to_undo(history, now=epoch(FINISHED) + now, window=7200)
    assert (found is LAST) is undone
    assert reason in said


def test_the_cause_is_named() -> None:
    assert cause_of({"detail": {"alarmName": "a"}}) == "a"
    assert cause_of({"detail": {"deploymentId": "ecs-svc/1"}}) == "ecs-svc/1"
    assert cause_of({"id": "e"}) == "e"
    assert cause_of({}) == "event"


@pytest.mark.parametrize(
    ("outcome", "seconds", "suspect"),
    [
        (Outcome.ROLLED_BACK, 60, True),
        (Outcome.FAILED, 60, True),
        (Outcome.ROLLED_BACK, 601, False),  # long enough ago
        (Outcome.RELEASED, 60, False),
        (Outcome.REFUSED, 60, False),  # it touched nothing
    ],
)
def test_a_neighbour_that_was_found_bad_just_now_is_more_suspect(outcome: Outcome, seconds: int, suspect: bool) -> None:
    backend = replace(LAST, release_id="b1", component="backend", outcome=outcome)
    found = more_suspect({"backend": [backend], "engine": []}, epoch(FINISHED) + seconds)
    assert found == ("b1 of backend was found bad less than 10 minutes ago" if suspect else None)

"""The one-line reason of an outcome, and where the time went."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from release_engine.explanation import passed, seconds_by_state, why

BAKE = {"status": "judged", "verdict": "FAIL", "reason": "errors 21.3% > limit 1.0% (61 samples)"}
DEPLOYED = {"status": "succeeded", "reason": ""}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"preflight": {"status": "refused", "reason": "alarm red"}}, "alarm red"),
        ({"preflight": {"status": "ready", "reason": ""}, "deploy": {"status": "rolled_back", "reason": "r"}}, "r"),
        ({"deploy": DEPLOYED, "verified": {"status": "failed", "verdict": "FAIL", "reason": "old code"}}, "old code"),
        (
            {"deploy": DEPLOYED, "bake": BAKE, "plan": {"reason": "back to sha256:1"}},
            "errors 21.3% > limit 1.0% (61 samples); back to sha256:1",
        ),
        (
            {"bake": BAKE, "plan": {"reason": "back"}, "verified_rollback": {"verdict": "FAIL", "reason": "not there"}},
            "errors 21.3% > limit 1.0% (61 samples); back; not there",
        ),
        ({"failure": {"Error": "Boom", "Cause": json.dumps({"errorMessage": "broken"})}, "bake": BAKE}, "Boom: broken"),
        ({"failure": {"Error": "Boom", "Cause": "plain"}}, "Boom: plain"),
        ({"failure": {"Error": "Boom", "Cause": '"text"'}}, '"text"'),
        ({}, "no reason was given"),
    ],
)
def test_the_first_trouble_is_told_and_what_was_done_about_it(state: dict[str, Any], reason: str) -> None:
    assert why(state) == reason


def test_a_released_version_says_why_it_is_believed() -> None:
    assert passed({"bake": {"verdict": "PASS", "reason": "all good"}}) == "all good"
    assert passed({}) == ""


def test_time_is_summed_over_the_visits_of_a_state() -> None:
    began = datetime(2026, 11, 24, tzinfo=UTC)

    def event(kind: str, name: str, second: float) -> dict[str, Any]:
        return {"timestamp": began + timedelta(seconds=second), f"state{kind}EventDetails": {"name": name}}

    events = [
        event("Entered", "Bake", 0),
        event("Exited", "Bake", 1.5),
        event("Entered", "Bake", 10),
        event("Exited", "Bake", 12),
        event("Exited", "Unheard", 13),
        event("Entered", "Open", 14),
        {"timestamp": began},
    ]
    assert seconds_by_state(events) == {"Bake": 3.5}

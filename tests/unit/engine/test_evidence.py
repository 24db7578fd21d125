"""The one-line reason of an outcome, where the time went, and what the ledger keeps against a version.

That is the telling part of it, and never more than the ledger can hold.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from release_engine.evidence import LINES, LOGS, Exit, StoppedTask, bundle, passed, relevant, seconds_by_state, why

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


AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
SINCE = AT.timestamp()
BAD, GOOD = "sha256:bad", "sha256:good"


def event(name: str, status: str, reason: str | None = None) -> dict[str, Any]:
    """As CloudFormation gives it; without a reason the key is missing."""
    known = {"LogicalResourceId": name, "ResourceStatus": status, "Timestamp": AT}
    return known if reason is None else {**known, "ResourceStatusReason": reason}


def task(id_: str, code: str = "EssentialContainerExited", **more: Any) -> StoppedTask:
    """A task of the bad version."""
    known: dict[str, Any] = {"service": "web", "digest": BAD, "definition": "d", "at": SINCE, "reason": "it ended"}
    return StoppedTask(arn=f"arn:aws:ecs:::task/c/{id_}", code=code, **{**known, **more})


def test_f1_the_failures_of_a_stack_are_told_from_the_first() -> None:
    events = [
        event("s", "UPDATE_ROLLBACK_COMPLETE"),
        event("s", "UPDATE_ROLLBACK_IN_PROGRESS", "failed to update: [Web]"),
        event("Worker", "UPDATE_FAILED", "Resource update cancelled"),
        event("Other", "DELETE_FAILED"),
        event("Web", "UPDATE_FAILED", "circuit breaker was triggered"),
        event("Web", "UPDATE_IN_PROGRESS"),
    ]
    kept = bundle(events, [], {})["stack_events"]
    assert [(failure["resource"], failure["reason"]) for failure in kept] == [
        ("Web", "circuit breaker was triggered"),
        ("Other", ""),
        ("s", "failed to update: [Web]"),
    ]
    assert kept[0]["at"] == "2026-11-24T10:15:00Z"


def test_tasks_of_another_version_or_of_an_earlier_attempt_are_no_evidence() -> None:
    known = [task("a", digest=GOOD), task("b", at=SINCE - 1), task("c", at=SINCE), task("d", at=None)]
    assert [ended.id for ended in relevant(known, BAD, SINCE)] == ["c", "d"]


def test_f3_what_crashed_is_told_before_what_was_stopped_and_the_newest_first() -> None:
    known = [
        task("stopped", "ServiceSchedulerInitiated", at=SINCE + 9),
        task("first", at=SINCE + 1),
        task("never started", "TaskFailedToStart", at=SINCE + 2),
    ]
    assert [ended.id for ended in relevant(known, BAD, SINCE)] == ["never started", "first", "stopped"]


def test_a_task_is_kept_with_its_exits_and_the_end_of_its_log() -> None:
    crashed = task("a", exits=(Exit("envoy", None, ""), Exit("main", 137, "OutOfMemoryError")))
    [kept] = bundle([], [crashed], {crashed.arn: [f"line {number}" for number in range(30)]})["stopped_tasks"]
    assert (kept["task"], kept["code"], kept["reason"]) == ("a", "EssentialContainerExited", "it ended")
    assert kept["exits"][1] == {"container": "main", "exit_code": 137, "reason": "OutOfMemoryError"}
    assert (len(kept["log"]), kept["log"][-1]) == (LINES, "line 29")


def test_a_task_without_log_says_nothing_of_one() -> None:
    assert "log" not in bundle([], [task("a")], {})["stopped_tasks"][0]


def test_however_much_there_is_the_ledger_can_hold_it() -> None:
    endless = "€" * 5000
    exits = tuple(Exit(endless, 1, endless) for _ in range(9))
    many = [task(f"{number}{endless}", service=endless, reason=endless, exits=exits) for number in range(99)]
    kept = relevant(many, BAD, SINCE)
    logs = {ended.arn: [endless] * 99 for ended in kept[:LOGS]}
    whole = bundle([event(endless, f"{endless}_FAILED", endless)] * 99, kept, logs)
    assert len(json.dumps(whole, ensure_ascii=False).encode()) < 60_000
    assert all(len(line) <= 300 for ended in whole["stopped_tasks"] for line in ended.get("log", []))


def test_a_text_that_is_no_unicode_can_still_be_kept() -> None:
    [kept] = bundle([], [task("a", reason="half \ud83d of it")], {})["stopped_tasks"]
    assert kept["reason"] == "half ? of it"

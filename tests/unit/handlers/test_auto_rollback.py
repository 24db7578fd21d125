"""The watch: an event undoes the last release, once."""

import json
from dataclasses import replace
from typing import Any

import pytest

from release_engine.ledger import Kind, Outcome, Release, iso
from release_handlers import auto_rollback
from release_handlers.function_context import FunctionContext
from tests.unit.aws.account import Account
from tests.unit.aws.answers import NEW, OLD

ALARM = {"detail": {"alarmName": "exchange-test-client-5xx", "state": {"value": "ALARM"}}}


def released(context: FunctionContext, digest: str, release_id: str, **more: Any) -> None:
    """A release that went well."""
    now = context.now()
    held = context.ledger.acquire("client", release_id, now=now, lease=60)
    facts: dict[str, Any] = {"kind": Kind.RELEASE, "requested_by": "test", "outcome": Outcome.RELEASED}
    times = {"started_at": iso(now), "finished_at": iso(now)}
    context.ledger.record(Release(release_id, "client", digest, **{**facts, **times, "token": held.token, **more}))
    context.ledger.give_back("client", release_id)


@pytest.fixture(autouse=True)
def two_releases(account: Account, context: FunctionContext) -> None:
    """The new one runs."""
    released(context, OLD, "r1")
    released(context, NEW, "r2", former_digest=OLD)
    account.run(NEW)


def test_f27_an_alarm_after_the_release_starts_the_rollback(account: Account, context: FunctionContext) -> None:
    assert auto_rollback.undo(ALARM, context)["started"]
    data = json.loads(account.started[0]["input"])
    assert (data["digest"], data["kind"], data["requested_by"]) == (OLD, "rollback", "watch:exchange-test-client-5xx")
    assert account.started[0]["name"] == data["release_id"] == "r2-undo"


def test_f35_two_events_start_one_rollback(account: Account, context: FunctionContext) -> None:
    assert [auto_rollback.undo(ALARM, context)["started"] for _ in range(2)] == [True, False]
    assert len(account.started) == 1


def test_while_a_release_is_under_way_the_machine_judges_alone(account: Account, context: FunctionContext) -> None:
    context.ledger.acquire("client", "r3", now=context.now(), lease=3600)
    assert "under way" in auto_rollback.undo(ALARM, context)["reason"]
    assert account.started == []


def test_while_another_component_is_released_its_neighbours_are_not_blamed(
    account: Account, context: FunctionContext
) -> None:
    context.components["backend"] = replace(context.components["client"], name="backend", alarm_prefix="other-")
    context.ledger.acquire("backend", "b1", now=context.now(), lease=3600)
    assert auto_rollback.undo(ALARM, context)["reason"] == "a release of backend is under way, which judges for itself"
    assert account.started == []


def test_what_was_put_back_in_the_console_is_not_put_back_again(account: Account, context: FunctionContext) -> None:
    account.run(OLD)
    answer = auto_rollback.undo(ALARM, context)
    assert not answer["started"]
    assert "already restored" in answer["reason"]
    assert account.started == []


def test_f35_a_second_rollback_so_soon_would_be_flapping_and_pages_instead(
    account: Account, context: FunctionContext
) -> None:
    released(context, OLD, "r2-undo", kind=Kind.ROLLBACK, former_digest=NEW, undoes="r2")
    released(context, NEW, "r3", former_digest=OLD)
    with pytest.raises(RuntimeError, match="r3 of client may have to be undone, by a person: r2 was undone by r2-undo"):
        auto_rollback.undo(ALARM, context)
    assert account.started == []
    context.cool_down_seconds = 0
    assert auto_rollback.undo(ALARM, context)["started"]


def test_f27_what_went_red_during_other_releases_is_looked_at_after_them(
    account: Account, context: FunctionContext
) -> None:
    """CloudWatch tells of a change once: an alarm that stays red says nothing more."""
    context.ledger.acquire("client", "r3", now=context.now(), lease=3600)
    account.alarms = {"exchange-test-client-5xx": "ALARM", "exchange-test-client-slow": "ALARM"}
    assert auto_rollback.look_again(context) == {"found": 2, "started": 0}
    context.ledger.give_back("client", "r3")
    assert auto_rollback.look_again(context) == {"found": 2, "started": 1}
    account.alarms = {"exchange-test-client-5xx": "OK"}
    assert auto_rollback.look_again(context) == {"found": 0, "started": 0}


def test_what_cannot_be_undone_does_not_keep_the_watch_from_looking_on(
    account: Account, context: FunctionContext
) -> None:
    context.components["other"] = replace(
        context.components["client"], name="other", alarm_prefix="exchange-test-other-"
    )
    account.alarms = {"exchange-test-client-5xx": "ALARM", "exchange-test-other-5xx": "ALARM"}
    account.images = {NEW}
    with pytest.raises(RuntimeError, match="r2 of client should be undone, but: the image"):
        auto_rollback.look_again(context)


def test_f27_the_rollback_says_whose_failure_it_is(account: Account, context: FunctionContext) -> None:
    auto_rollback.undo(ALARM, context)
    assert json.loads(account.started[0]["input"])["undoes"] == "r2"


def test_an_event_of_something_else_is_left_alone(context: FunctionContext) -> None:
    assert auto_rollback.undo({"detail": {}}, context) == {
        "started": False,
        "reason": "the event concerns no component",
    }


def test_after_a_rollback_nothing_is_undone(account: Account, context: FunctionContext) -> None:
    released(context, OLD, "r2-undo", kind=Kind.ROLLBACK, former_digest=NEW)
    assert "nothing to undo" in auto_rollback.undo(ALARM, context)["reason"]
    assert account.started == []


def test_a_rollback_that_is_not_safe_pages_by_failing(account: Account, context: FunctionContext) -> None:
    account.images = {NEW}
    with pytest.raises(RuntimeError, match="r2 of client should be undone, but: the image"):
        auto_rollback.undo(ALARM, context)


def test_a_release_that_is_not_in_the_ledger_has_no_plan(context: FunctionContext) -> None:
    with pytest.raises(LookupError, match="r9 is not in the ledger"):
        auto_rollback.plan({"component": "client", "release_id": "r9"}, context)

"""What is gathered against a version that was not released, and that gathering it stands in nobody's way."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from release_engine.ledger import Kind, Outcome, OvertakenError, Release, iso
from release_handlers import auto_rollback, record
from release_handlers.function_context import FunctionContext
from tests.unit.aws.account import Account
from tests.unit.aws.answers import NEW, OLD, error

UNREACHABLE = EndpointConnectionError(endpoint_url="https://logs.us-west-2.amazonaws.com")


def recorded(context: FunctionContext, outcome: Outcome = Outcome.ROLLED_BACK, **state: Any) -> Release:
    """How the ledger remembers a release that ended so."""
    ended: dict[str, Any] = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release", **state}
    ended["lock"] = record.lock(ended, "execution", context)
    record.record(outcome, ended, "execution", context)
    release = context.ledger.find("client", "r1")
    assert release is not None
    return release


def fail(problem: Exception) -> Callable[..., Any]:
    """An operation of AWS that ends so."""

    def operation(**_request: Any) -> None:
        raise problem

    return operation


@pytest.fixture(autouse=True)
def crashing(account: Account) -> None:
    """A task of the new version crashed and wrote why."""
    account.crashed = ["1"]
    account.written = {"group web/main/1": ["booting", "KeyError: 'KAFKA_BROKERS'"]}


def test_f1_a_rollback_is_kept_with_events_reasons_log_and_checks(context: FunctionContext) -> None:
    checks = [{"check": "web errors", "verdict": "FAIL"}]
    kept = recorded(context, bake={"verdict": "FAIL", "reason": "bad", "evidence": {"checks": checks}}).evidence
    assert kept["checks"] == checks
    assert [kept_event["reason"] for kept_event in kept["stack_events"]] == [
        "circuit breaker was triggered",
        "The following resource(s) failed to update: [Web].",
    ]
    [task] = kept["stopped_tasks"]
    assert (task["service"], task["reason"]) == ("exchange-client-web", "Essential container in task exited")
    assert {"container": "main", "exit_code": 1, "reason": ""} in task["exits"]
    assert task["log"] == ["booting", "KeyError: 'KAFKA_BROKERS'"]


@pytest.mark.parametrize("outcome", [Outcome.RELEASED, Outcome.REFUSED])
def test_a_release_that_harmed_nobody_needs_no_more_than_its_checks(context: FunctionContext, outcome: Outcome) -> None:
    assert recorded(context, outcome).evidence == {}


def test_a_failure_is_kept_with_its_evidence_too(context: FunctionContext) -> None:
    assert set(recorded(context, Outcome.FAILED).evidence) == {"stack_events", "stopped_tasks"}


@pytest.mark.parametrize("problem", [error("AccessDeniedException", "not authorized"), UNREACHABLE])
def test_a_part_that_cannot_be_fetched_is_recorded_as_such(
    account: Account, context: FunctionContext, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account.clients["cloudformation"], "describe_stack_events", fail(problem))
    monkeypatch.setattr(account.clients["logs"], "get_log_events", fail(problem))
    release = recorded(context)
    assert release.outcome is Outcome.ROLLED_BACK
    assert release.evidence["stack_events"] == f"could not be fetched: {problem}"
    assert release.evidence["stopped_tasks"][0]["log"] == f"could not be fetched: {problem}"


def test_tasks_that_cannot_be_fetched_leave_the_events(
    account: Account, context: FunctionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account.clients["ecs"], "list_tasks", fail(error("ThrottlingException", "slow down")))
    kept = recorded(context).evidence
    assert "slow down" in kept["stopped_tasks"]
    assert len(kept["stack_events"]) == 2


def test_a_task_that_never_wrote_a_line_says_so(account: Account, context: FunctionContext) -> None:
    account.written = {}
    assert "log stream does not exist" in recorded(context).evidence["stopped_tasks"][0]["log"]


def test_a_log_that_goes_elsewhere_is_not_looked_for(account: Account, context: FunctionContext) -> None:
    account.clients["ecs"].logging = {"logDriver": "awsfirelens"}
    assert recorded(context).evidence["stopped_tasks"][0]["log"] == "no container of it logs to CloudWatch"


def test_a_task_that_still_stops_has_no_time_yet(account: Account, context: FunctionContext) -> None:
    account.clients["ecs"].stopped = {}
    [task] = recorded(context).evidence["stopped_tasks"]
    assert (task["at"], task["code"], task["reason"]) == (None, "", "")


def test_what_takes_too_long_is_not_begun(
    account: Account, context: FunctionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "PATIENCE_SECONDS", 2)
    task = recorded(context).evidence["stopped_tasks"][0]
    assert task["log"] == "not fetched: there was no time left"


def test_a_mistake_of_ours_is_not_hidden(
    account: Account, context: FunctionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account.clients["ecs"], "list_tasks", fail(TypeError("unexpected argument")))
    with pytest.raises(TypeError):
        recorded(context)


HOLDER = "infrastructure:20261124T101500Z-3f2a9c1b"
STATE = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release", "requested_by": "t"}
EXECUTION = "arn:aws:states:us-west-2:111122223333:execution:client-release:r1"


def test_f15_a_release_does_not_take_the_lock_over_for_want_of_an_execution(
    account: Account, context: FunctionContext
) -> None:
    assert account.live == set()
    context.ledger.acquire("client", HOLDER, now=context.now(), lease=3600)
    answer = record.lock(STATE, EXECUTION, context)
    assert (answer["status"], HOLDER in answer["reason"]) == ("busy", True)
    assert context.ledger.lock("client").holder == HOLDER


def test_f15_a_deployment_that_died_holds_nothing_up_once_its_lease_is_over(context: FunctionContext) -> None:
    context.ledger.acquire("client", HOLDER, now=context.now() - 3600, lease=60)
    assert record.lock(STATE, EXECUTION, context)["status"] == "locked"
    with pytest.raises(OvertakenError, match=f"{HOLDER} no longer holds the lock of client"):
        context.ledger.renew("client", HOLDER, until=context.now() + 60)
    assert context.ledger.lock("client").holder == "r1"


def test_f15_a_lease_that_is_renewed_goes_on(context: FunctionContext) -> None:
    context.ledger.acquire("client", HOLDER, now=context.now() - 3600, lease=60)
    context.ledger.renew("client", HOLDER, until=context.now() + 3600)
    assert record.lock(STATE, EXECUTION, context)["status"] == "busy"


def test_f27_an_alarm_while_stacks_change_is_a_persons_to_decide_if_there_is_a_release_to_undo(
    account: Account, context: FunctionContext
) -> None:
    """A rollback could not begin, and nobody would look again: what raises is told to people."""
    alarm = {"detail": {"alarmName": "exchange-test-client-5xx", "state": {"value": "ALARM"}}}
    context.ledger.acquire("client", HOLDER, now=context.now(), lease=3600)
    assert not auto_rollback.undo(alarm, context)["started"]
    context.ledger.give_back("client", HOLDER)
    for release_id, digest, former in (("r1", OLD, None), ("r2", NEW, OLD)):
        held = context.ledger.acquire("client", release_id, now=context.now(), lease=3600)
        good = Release(release_id, "client", digest, Kind.RELEASE, "t", Outcome.RELEASED, iso(context.now()), former)
        context.ledger.record(replace(good, finished_at=good.started_at, token=held.token))
        context.ledger.give_back("client", release_id)
    account.run(NEW)
    context.ledger.acquire("client", HOLDER, now=context.now(), lease=3600)
    with pytest.raises(auto_rollback.NotUndoneError, match=f"by a person: {HOLDER} deploys stacks"):
        auto_rollback.undo(alarm, context)
    assert account.started == []
    context.ledger.give_back("client", HOLDER)
    assert auto_rollback.undo(alarm, context)["started"]

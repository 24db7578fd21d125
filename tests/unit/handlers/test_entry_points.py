"""What AWS calls: the environment is read once, and the event goes to the right place."""

import json
from pathlib import Path
from typing import Any

import pytest

from release_engine.ledger import Outcome, OvertakenError
from release_handlers import auto_rollback, deploy, health_gate, preflight, record, verify
from release_handlers.function_context import FunctionContext, read_context
from tests.unit.aws.account import COMPONENT, Account
from tests.unit.aws.answers import NEW, OLD
from tests.unit.aws.fake_ecs import BLUE, GREEN

STATE = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release", "requested_by": "t"}
EXECUTION = "arn:aws:states:us-west-2:111122223333:execution:client-release:r1"


class LambdaContext:
    """Lambda's."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, context: FunctionContext) -> None:
    """The handlers' context is the test's."""
    for module in (auto_rollback, deploy, health_gate, preflight, record, verify):
        monkeypatch.setattr(module, "read_context", lambda: context)


def test_the_machine_locks_records_and_unlocks(context: FunctionContext) -> None:
    locked = record.handler({"action": "lock", "state": STATE, "execution": EXECUTION}, None)
    again = record.handler({"action": "lock", "state": STATE, "execution": EXECUTION}, None)
    assert locked["status"] == "locked"
    assert again == locked
    state = {**STATE, "lock": locked}
    recorded = record.handler({"action": "record", "outcome": "failed", "state": state, "execution": EXECUTION}, None)
    assert recorded == {"outcome": "failed", "reason": "no reason was given"}
    assert record.handler({"action": "unlock", "state": state, "execution": EXECUTION}, None) == {"freed": True}
    assert record.handler({"action": "unlock", "state": state, "execution": EXECUTION}, None) == {"freed": False}


def test_f10_a_machine_that_was_overtaken_records_nothing(context: FunctionContext) -> None:
    locked = record.lock(STATE, EXECUTION, context)
    context.ledger.give_back("client", "r1")
    context.ledger.acquire("client", "r2", now=context.now(), lease=60)
    with pytest.raises(Exception, match="no longer holds the lock"):
        record.handler(
            {"action": "record", "outcome": "released", "state": {**STATE, "lock": locked}, "execution": EXECUTION},
            None,
        )
    assert context.ledger.current("client") is None


def test_a_lock_that_died_half_way_is_still_recorded(context: FunctionContext) -> None:
    held = context.ledger.acquire("client", "r1", now=context.now(), lease=60)
    record.handler({"action": "record", "outcome": "refused", "state": STATE, "execution": EXECUTION}, None)
    release = context.ledger.find("client", "r1")
    assert release is not None
    assert release.token == held.token


def test_f35_a_release_with_nothing_to_do_is_forgotten_and_twice_is_once(
    account: Account, context: FunctionContext
) -> None:
    state: dict[str, Any] = {**STATE, "digest": OLD, "lock": record.lock(STATE, EXECUTION, context)}
    assert state["lock"]["standing_digest"] is None
    assert preflight.handler({"state": state}, None)["status"] == "ready"
    state["lock"] = {**state["lock"], "standing_digest": OLD}
    state["preflight"] = preflight.handler({"state": state}, None)
    assert state["preflight"]["status"] == "unchanged"
    event = {"action": "forget", "state": state, "execution": EXECUTION}
    forgotten = record.handler(event, None)
    assert record.handler(event, None) == forgotten
    assert forgotten == {"outcome": "unchanged", "reason": f"client already runs {OLD}: nothing to release"}
    assert context.ledger.releases("client") == []
    assert context.ledger.lock("client").holder == "r1"


def test_f10_only_a_release_that_holds_the_lock_and_has_not_ended_is_forgotten(context: FunctionContext) -> None:
    state: dict[str, Any] = {**STATE, "lock": record.lock(STATE, EXECUTION, context)}
    with pytest.raises(OvertakenError):
        context.ledger.forget("client", "r1", state["lock"]["token"] + 1)
    record.record(Outcome.FAILED, state, EXECUTION, context)
    with pytest.raises(OvertakenError):
        context.ledger.forget("client", "r1", state["lock"]["token"])
    assert [release.outcome for release in context.ledger.releases("client")] == [Outcome.FAILED]


def test_preflight_and_verify_answer_for_the_component() -> None:
    assert preflight.handler({"state": STATE}, None)["status"] == "ready"
    looked = verify.handler({"purpose": "release", "state": STATE}, None)
    assert (looked["status"], looked["polls"]) == ("failed", 1)


def test_preflight_tells_every_problem_at_once(account: Account) -> None:
    account.alarms = {"exchange-test-client-5xx": "ALARM"}
    account.weights, account.rollout, account.secrets = {GREEN: 100}, "IN_PROGRESS", {}
    account.client("ecs").deployment = {"strategy": "CANARY", "deploymentCircuitBreaker": {"enable": True}}
    account.client("cloudformation").listed = [{"ChangeSetName": "c", "ExecutionStatus": "EXECUTE_IN_PROGRESS"}]
    refused = preflight.handler({"state": STATE}, None)
    assert refused["status"] == "refused"
    assert refused["reason"] == "; ".join(refused["problems"])
    assert len(refused["problems"]) == 8
    assert len(preflight.handler({"state": {**STATE, "kind": "rollback"}}, None)["problems"]) == 1


def test_f26_preflight_and_verify_see_the_task_that_somebody_started_by_hand(account: Account) -> None:
    account.strays = [OLD]
    assert "started by hand" in preflight.handler({"state": STATE}, None)["reason"]
    account.run(NEW)
    looked = verify.handler({"purpose": "release", "state": STATE}, None)
    assert (looked["status"], "1 of 2 tasks runs" in looked["reason"]) == ("failed", True)


def test_preflight_of_a_first_release_finds_no_services(account: Account) -> None:
    account.running, account.weights, account.secrets, account.digest = {}, {}, {}, ""
    assert preflight.handler({"state": STATE}, None)["problems"] == []


def test_f15_a_release_whose_users_are_elsewhere_does_not_pass(account: Account) -> None:
    account.run(NEW)
    assert verify.handler({"purpose": "release", "state": STATE}, None)["status"] == "running"
    account.weights = {BLUE: 0, GREEN: 100}
    looked = verify.handler({"purpose": "release", "state": STATE}, None)
    assert looked["status"] == "failed"
    assert "has the weights blue 0, green 100, but the tasks are in blue" in looked["reason"]


def test_tasks_that_do_not_come_up_in_time_are_a_failure(account: Account) -> None:
    account.run(NEW)
    account.rollout = "IN_PROGRESS"
    looked = verify.handler({"purpose": "release", "state": {**STATE, "verified": {"polls": 179}}}, None)
    assert looked["status"] == "failed"
    assert "still so after 180 looks" in looked["reason"]


def test_deploy_does_one_thing_at_a_time(account: Account) -> None:
    created = deploy.handler({"action": "create", "purpose": "release", "state": STATE}, None)
    assert created == {"status": "pending", "polls": 0}
    twice = deploy.handler({"action": "create", "purpose": "release", "state": STATE}, None)
    assert twice == created
    assert list(account.clients["cloudformation"].change_sets) == ["release-r1"]


def test_f35_executing_twice_executes_once(account: Account) -> None:
    deploy.handler({"action": "create", "purpose": "release", "state": STATE}, None)
    first, second = (
        deploy.handler({"action": "execute", "purpose": "release", "state": STATE}, None) for _ in range(2)
    )
    assert (first["updated"], second["updated"]) == ("", "")
    assert account.clients["cloudformation"].executed == ["release-r1"]


def test_a_change_set_that_is_never_ready_is_refused(account: Account) -> None:
    deploy.handler({"action": "create", "purpose": "release", "state": STATE}, None)
    account.clients["cloudformation"].slow_looks = 99
    state = {**STATE, "deploy": {"status": "pending", "polls": 58}}
    assert deploy.handler({"action": "inspect", "purpose": "release", "state": state}, None)["status"] == "pending"
    state["deploy"] = {"status": "pending", "polls": 59}
    refused = deploy.handler({"action": "inspect", "purpose": "release", "state": state}, None)
    assert refused["reason"].startswith("change set pending after 60 looks")
    assert account.clients["cloudformation"].deleted == ["release-r1"]


def test_the_end_of_an_earlier_update_is_not_taken_for_ours(account: Account) -> None:
    account.updates, account.stack_status = 7, "UPDATE_ROLLBACK_COMPLETE"
    state = {**STATE, "deploy": {"polls": 0, "updated": "7", "cancelled": False}}
    assert deploy.handler({"action": "poll", "purpose": "release", "state": state}, None)["status"] == "in_progress"


def test_f2_an_update_that_hangs_after_its_cancellation_is_given_up(account: Account) -> None:
    account.stack_status, account.outcome = "UPDATE_IN_PROGRESS", ["hang"]
    state = {**STATE, "deploy": {"polls": 359, "updated": "", "cancelled": True}}
    assert deploy.handler({"action": "poll", "purpose": "release", "state": state}, None)["status"] == "failed"


def test_a_cancellation_that_comes_too_late_is_no_error() -> None:
    state = {**STATE, "deploy": {"polls": 9, "updated": "", "cancelled": False}}
    cancelled = deploy.handler({"action": "cancel", "purpose": "release", "state": state}, None)
    assert (cancelled["polls"], cancelled["cancelled"]) == (0, True)


def test_a_component_whose_stack_is_gone_is_an_error(context: FunctionContext) -> None:
    facts = {"client": {**COMPONENT, "stack": "gone"}}
    lost = FunctionContext({"LEDGER_TABLE": "t"}, facts, client=context._client)
    with pytest.raises(LookupError, match="there is no stack gone"):
        deploy.act("create", "release", STATE, lost)


def test_f3_tasks_that_crash_while_it_bakes_fail_it(account: Account) -> None:
    account.run(NEW)
    state: dict[str, Any] = {**STATE}
    account.crashed = ["before"]
    state["bake"] = health_gate.handler({"state": state}, LambdaContext())
    assert (state["bake"]["status"], state["bake"]["restarts"]) == ("sampling", 0)
    account.crashed = ["before", "1", "2", "3"]
    state["bake"] = health_gate.handler({"state": state}, LambdaContext())
    assert (state["bake"]["status"], state["bake"]["verdict"]) == ("judged", "FAIL")
    assert state["bake"]["reason"] == "restarts 3 > limit 2 (1 bad of 2 readings)"


def test_a_red_alarm_while_it_bakes_fails_a_release_and_not_a_rollback(account: Account) -> None:
    account.run(NEW)
    account.alarms = {"exchange-test-client-5xx": "ALARM", "exchange-test-engine-5xx": "ALARM"}
    assert (
        "alarms 1 > limit 0 (1 bad of 1 readings): exchange-test-client-5xx"
        in health_gate.handler({"state": STATE}, LambdaContext())["reason"]
    )
    back = health_gate.handler({"state": {**STATE, "kind": "rollback"}}, LambdaContext())
    assert back["verdict"] == "INCONCLUSIVE"


def test_the_gate_tells_ecs_from_the_machine() -> None:
    assert health_gate.handler({"lifecycleStage": "POST_SCALE_UP"}, LambdaContext()) == {"hookStatus": "FAILED"}


def test_the_rollback_is_planned_for_the_machine_and_started_for_an_event(
    account: Account, context: FunctionContext
) -> None:
    locked = record.lock(STATE, EXECUTION, context)
    assert locked["former_digest"] == OLD
    planned = auto_rollback.handler({"action": "plan", "state": STATE}, None)
    assert planned == {
        "action": "already_restored",
        "digest": OLD,
        "reason": f"the stack has already restored {OLD}",
    }
    assert auto_rollback.handler({"detail": {}}, None)["started"] is False


def test_the_asset_and_the_environment_are_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    references = {key: COMPONENT[key] for key in ("cluster", "repository", "machine_arn")}
    facts = tmp_path / "components.json"
    facts.write_text(json.dumps({"client": {key: COMPONENT[key] for key in COMPONENT if key not in references}}))
    monkeypatch.setattr("release_handlers.function_context.FACTS", facts)
    monkeypatch.setenv("REFERENCES", json.dumps({"client": references}))
    monkeypatch.setenv("LEDGER_TABLE", "t")
    read_context.cache_clear()
    assert read_context() is read_context()
    assert read_context().components["client"].service("web").port == 3000
    assert read_context().components["client"].machine_arn == COMPONENT["machine_arn"]
    read_context.cache_clear()

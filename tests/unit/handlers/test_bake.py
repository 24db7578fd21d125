"""While a version bakes: the gate, what components report of themselves, and the stack as the machine looks at it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from release_engine.gate_limits import Check
from release_handlers import bake, deploy
from release_handlers.function_context import FunctionContext
from tests.unit.aws.account import Account
from tests.unit.aws.answers import NEW, OLD, error

LAG = Check("metric", "consumer lag", "ConsumerLag", "Maximum", max=30, unit="s")
STATE = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release"}


@pytest.fixture
def baking(account: Account, context: FunctionContext) -> FunctionContext:
    """The new version runs, and its lag is watched."""
    account.run(NEW)
    component = context.components["client"]
    context.components["client"] = replace(component, gate=replace(component.gate, checks=(LAG,)))
    return context


def rounds(context: FunctionContext, count: int) -> dict[str, Any]:
    state: dict[str, Any] = {**STATE}
    for _ in range(count):
        state["bake"] = bake.take_round(state, context, 60)
    found: dict[str, Any] = state["bake"]
    return found


def test_a_small_lag_passes_with_the_rest(account: Account, baking: FunctionContext) -> None:
    account.reported["ConsumerLag", NEW] = [2.0, 40.0]  # newest first: what was before is over
    judged = rounds(baking, 3)
    assert (judged["status"], judged["verdict"]) == ("judged", "PASS")
    assert "consumer lag 2 s <= limit 30 s (0 bad of 3 readings)" in str(judged["evidence"]["checks"])


def test_f24_a_lag_that_grows_ends_the_bake_at_once(account: Account, baking: FunctionContext) -> None:
    account.reported["ConsumerLag", NEW] = [310.0]
    judged = rounds(baking, 1)
    assert (judged["status"], judged["verdict"]) == ("judged", "FAIL")
    assert judged["reason"] == "consumer lag 310 s > limit 30 s (1 bad of 1 readings)"


def test_f34_a_version_that_reports_nothing_is_never_good(account: Account, baking: FunctionContext) -> None:
    account.reported["ConsumerLag", OLD] = [0.0]  # the former version's word is none about this one
    judged = rounds(baking, 6)
    assert (judged["status"], judged["verdict"]) == ("judged", "INCONCLUSIVE")
    assert judged["reason"] == "consumer lag has 0 readings with data < minimum 3"


def test_metrics_that_cannot_be_read_are_doubt(
    account: Account, baking: FunctionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> Mapping[str, Any]:
        raise error("ThrottlingException")

    monkeypatch.setattr(account.clients["cloudwatch"], "get_metric_data", throttled)
    judged = rounds(baking, 6)
    assert judged["verdict"] == "INCONCLUSIVE"
    assert "consumer lag could not be read 6 times in a row" in judged["reason"]
    assert "ThrottlingException" in judged["reason"]


def test_a_result_that_cloudwatch_calls_wrong_is_no_reading(
    account: Account, baking: FunctionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"MetricDataResults": [{"Id": "m0", "Values": [], "StatusCode": "InternalError"}]}
    monkeypatch.setattr(account.clients["cloudwatch"], "get_metric_data", lambda **_: answer)
    assert rounds(baking, 1)["checked"]["consumer lag"]["errors_in_a_row"] == 1


def with_checks(context: FunctionContext, *checks: Check) -> FunctionContext:
    """Whose gate reads these."""
    component = context.components["client"]
    context.components["client"] = replace(component, gate=replace(component.gate, checks=checks))
    return context


def verdicts(account: Account, context: FunctionContext, check: Check) -> tuple[str, str]:
    """Of one check, after one round."""
    account.run(NEW)
    judged = rounds(with_checks(context, replace(check, min_samples=1)), 1)
    judgement = next(each for each in judged["evidence"]["checks"] if each["check"] == check.title)
    return judgement["verdict"], judgement["reason"]


@pytest.mark.parametrize(
    ("health", "verdict", "reason"),
    [
        ("HEALTHY", "PASS", "unhealthy tasks 0 <= limit 0 (0 bad of 1 readings)"),
        ("UNHEALTHY", "FAIL", "unhealthy tasks 1 > limit 0 (1 bad of 1 readings): 0"),
        ("UNKNOWN", "INCONCLUSIVE", "unhealthy tasks has 0 readings with data < minimum 1"),
    ],
)
def test_task_health_is_what_ecs_makes_of_the_containers_checks(
    account: Account, context: FunctionContext, health: str, verdict: str, reason: str
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html"""
    account.health = {"exchange-client-web/0": health}
    assert verdicts(account, context, Check("unhealthy_tasks", max=0)) == (verdict, reason)


def test_missing_tasks_are_counted_by_service(account: Account, context: FunctionContext) -> None:
    assert verdicts(account, context, Check("missing_tasks", max=0))[0] == "PASS"
    account.running["exchange-client-worker"] = [NEW, OLD]
    judged = rounds(with_checks(context, Check("missing_tasks", max=0)), 1)
    assert "missing tasks 1 > limit 0 (1 bad of 1 readings): 1 of exchange-client-worker" in judged["reason"]


@pytest.mark.parametrize(
    ("targets", "verdict", "reason"),
    [
        ({"10.0.0.0": "healthy", "10.0.0.1": "draining"}, "PASS", "unhealthy targets 0 <= limit 0"),
        ({"10.0.0.0": "healthy", "10.0.0.1": "unhealthy"}, "FAIL", "(1 bad of 1 readings): 10.0.0.1:3000 unhealthy"),
        ({"10.0.0.0": "initial"}, "FAIL", "10.0.0.0:3000 initial"),
        ({}, "INCONCLUSIVE", "has 0 readings with data"),
    ],
)
def test_targets_that_users_reach_must_be_healthy(
    account: Account, context: FunctionContext, targets: dict[str, str], verdict: str, reason: str
) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""
    account.targets = targets
    judged = verdicts(account, context, Check("unhealthy_targets", max=0))
    assert judged[0] == verdict
    assert reason in judged[1]


def test_f34_a_component_without_alarms_is_not_quiet(account: Account, context: FunctionContext) -> None:
    account.alarms = {}
    assert verdicts(account, context, Check("alarms", max=0))[0] == "INCONCLUSIVE"
    account.alarms = {"exchange-test-client-5xx": "INSUFFICIENT_DATA"}
    assert verdicts(account, context, Check("alarms", max=0))[0] == "PASS"


def test_what_aws_refuses_is_a_reading_that_could_not_be_taken(
    account: Account, context: FunctionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> Mapping[str, Any]:
        raise error("ThrottlingException")

    monkeypatch.setattr(account.clients["elbv2"], "describe_target_health", throttled)
    account.run(NEW)
    judged = rounds(with_checks(context, Check("unhealthy_targets", max=0)), 4)
    assert "unhealthy targets could not be read 4 times in a row" in judged["reason"]


RISING = replace(LAG, max=5, max_rise=1.0, min_samples=1)
LOCKED = {"former_digest": OLD, "started_at": "2026-11-24T10:15:00Z"}


def test_f33_a_metric_is_held_against_what_the_former_version_said_of_itself(
    account: Account, context: FunctionContext
) -> None:
    account.run(NEW)
    account.reported = {("ConsumerLag", OLD): [9.0, 8.0, 100.0], ("ConsumerLag", NEW): [19.0]}
    state: dict[str, Any] = {**STATE, "lock": LOCKED}
    judged = bake.take_round(state, with_checks(context, RISING), 60)
    assert judged["reason"] == "consumer lag 19 s > limit 18 s, 100% over the usual 9 s (1 bad of 1 readings)"
    account.reported["ConsumerLag", NEW] = [18.0]
    assert "consumer lag 18 s <= limit 18 s" in str(bake.take_round(state, context, 60)["evidence"])


def test_a_first_version_has_nothing_usual_behind_it_and_is_held_to_the_limit_alone(
    account: Account, context: FunctionContext
) -> None:
    account.run(NEW)
    account.reported = {("ConsumerLag", NEW): [19.0]}
    state: dict[str, Any] = {**STATE, "lock": {**LOCKED, "former_digest": None}}
    judged = bake.take_round(state, with_checks(context, RISING), 60)
    assert judged["reason"] == "consumer lag 19 s > limit 5 s (1 bad of 1 readings)"


def test_a_probe_with_an_interval_of_its_own_asks_in_some_rounds_only(
    account: Account, context: FunctionContext
) -> None:
    component = context.components["client"]
    probes = tuple(replace(probe, interval_seconds=60, min_samples=20) for probe in component.gate.probes)
    context.components["client"] = replace(component, gate=replace(component.gate, probes=probes, checks=()))
    account.run(NEW)
    judged = rounds(context, 3)
    assert judged["verdict"] == "PASS"
    assert judged["seen"]["web"]["samples"] == 40


@pytest.fixture
def state(account: Account, context: FunctionContext) -> dict[str, Any]:
    """NEW bakes, for a long time."""
    account.outcome = ["bake"]
    made: dict[str, Any] = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release"}
    for action in ("create", "inspect", "execute"):
        made["deploy"] = deploy.act(action, "release", made, context)
    return made


def poll(state: dict[str, Any], context: FunctionContext) -> str:
    """One look."""
    state["deploy"] = deploy.act("poll", "release", state, context)
    return str(state["deploy"]["status"])


def test_a_version_that_all_users_are_on_bakes(state: dict[str, Any], context: FunctionContext) -> None:
    assert poll(state, context) == "baking"


def test_a_version_of_which_a_task_is_missing_does_not_bake_yet(
    account: Account, state: dict[str, Any], context: FunctionContext
) -> None:
    poll(state, context)
    account.running["exchange-client-worker"] = [account.digest, account.digest]
    assert poll(state, context) == "in_progress"


def test_what_was_judged_bakes_no_more(state: dict[str, Any], context: FunctionContext) -> None:
    state["bake"] = {"status": "judged", "verdict": "PASS"}
    assert poll(state, context) == "in_progress"


def test_what_was_stopped_bakes_no_more_although_ecs_may_still_say_so(
    account: Account, state: dict[str, Any], context: FunctionContext
) -> None:
    poll(state, context)
    state["deploy"] = deploy.act("stop", "release", state, context)
    account.bakes_for = 100  # ECS has not got round to it
    assert state["deploy"]["stopped"]
    assert poll(state, context) == "in_progress"


def test_a_look_at_which_ecs_does_not_answer_is_made_again(
    account: Account, state: dict[str, Any], context: FunctionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> None:
        raise error("ThrottlingException")

    with monkeypatch.context() as patched:
        patched.setattr(account.clients["ecs"], "list_service_deployments", throttled)
        assert poll(state, context) == "in_progress"
    assert poll(state, context) == "baking"


@pytest.mark.parametrize(("code", "raises"), [("ConflictException", False), ("AccessDeniedException", True)])
def test_only_a_deployment_that_is_over_may_refuse_to_be_stopped(
    account: Account,
    state: dict[str, Any],
    context: FunctionContext,
    monkeypatch: pytest.MonkeyPatch,
    *,
    code: str,
    raises: bool,
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html"""
    poll(state, context)

    def refused(**_: Any) -> None:
        raise error(code)

    monkeypatch.setattr(account.clients["ecs"], "stop_service_deployment", refused)
    if raises:
        with pytest.raises(Exception, match=code):
            deploy.act("stop", "release", state, context)
    else:
        assert deploy.act("stop", "release", state, context)["stopped"] == []

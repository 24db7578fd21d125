"""The gate that ECS asks before it moves traffic."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from release_aws.probes import Question
from release_engine.gate import Answer
from release_engine.ledger import Outcome
from release_handlers import before_traffic, record
from release_handlers.function_context import FunctionContext
from tests.unit.aws.account import Account
from tests.unit.aws.answers import NEW, OLD

DEPLOYMENT = "arn:aws:ecs:us-west-2:111122223333:service-deployment/exchange-test/exchange-client-web/d1"


def event(stage: str = "POST_TEST_TRAFFIC_SHIFT", **changes: Any) -> dict[str, Any]:
    """As ECS sends it."""
    execution = {
        "serviceArn": "arn:aws:ecs:us-west-2:111122223333:service/exchange-test/exchange-client-web",
        "targetServiceRevisionArn": "revision/green",
        "testTrafficWeights": {},
        "productionTrafficWeights": {},
    }
    details = {"component": "client", "service": "web"}
    base = {"executionId": "e", "lifecycleStage": stage, "resourceArn": DEPLOYMENT, "hookDetails": details}
    return {**base, "executionDetails": execution, **changes}


def ask(context: FunctionContext, event: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    """The answer to one call."""
    return before_traffic.answer(event, lambda: context, lambda: seconds)


@pytest.fixture(autouse=True)
def green(account: Account) -> None:
    """One old task and two new ones."""
    account.running["exchange-client-web"] = [OLD, NEW, NEW]


def test_good_new_tasks_open_the_gate_in_one_call(account: Account, context: FunctionContext) -> None:
    assert ask(context, event()) == {"hookStatus": "SUCCEEDED"}
    assert {question.host for question in account.asked} == {"10.0.0.1", "10.0.0.2"}
    assert sum(question.path == "/" for question in account.asked) == 60


def test_the_evidence_is_kept_by_deployment(context: FunctionContext) -> None:
    ask(context, event())
    kept = context.ledger.gate("client", "d1")
    assert kept is not None
    assert (kept["verdict"], kept["service"], kept["first"]) == ("PASS", "exchange-client-web", False)


def test_the_release_under_way_can_say_why_its_hook_failed(account: Account, context: FunctionContext) -> None:
    state: dict[str, Any] = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release"}
    state |= {
        "lock": record.lock(state, "execution", context),
        "deploy": {"status": "rolled_back", "reason": "a hook failed"},
    }
    account.bad[NEW] = lambda question, _: Answer(question.host, 500, 10)
    ask(context, event())
    result = record.record(Outcome.ROLLED_BACK, state, "execution", context)
    assert "web errors 100.0% > limit 1.0% (20 samples)" in result["reason"]
    release = context.ledger.find("client", "r1")
    assert release is not None
    assert (release.verdict, release.evidence["stage"]) == ("FAIL", "POST_TEST_TRAFFIC_SHIFT")


def test_bad_new_tasks_close_the_gate_and_say_why(
    account: Account, context: FunctionContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    account.bad[NEW] = lambda question, _: Answer(question.host, 500, 10)
    assert ask(context, event()) == {"hookStatus": "FAILED"}
    assert "web errors 100.0% > limit 1.0% (20 samples)" in caplog.text


@pytest.mark.parametrize(
    "rollback", [{"status": "ROLLBACK_IN_PROGRESS"}, {"status": "IN_PROGRESS", "rollback": {"reason": "alarm"}}]
)
def test_during_a_rollback_the_gate_never_answers_failed(
    account: Account, context: FunctionContext, rollback: dict[str, Any]
) -> None:
    account.bad[NEW] = lambda question, _: Answer(question.host, 500, 10)
    account.clients["ecs"].rollback = rollback
    assert ask(context, event()) == {"hookStatus": "SUCCEEDED"}
    assert account.asked == []


def test_a_rollback_known_by_its_weights_needs_no_question(account: Account, context: FunctionContext) -> None:
    call = event("PRODUCTION_TRAFFIC_SHIFT")
    call["executionDetails"]["productionTrafficWeights"] = {"revision/green": 0, "revision/blue": 100}
    account.clients["ecs"] = None
    assert ask(context, call) == {"hookStatus": "SUCCEEDED"}


def test_f34_no_new_task_is_no_health(account: Account, context: FunctionContext) -> None:
    account.running["exchange-client-web"] = [OLD]
    answer = ask(context, event())
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert answer["callBackDelay"] == 30
    assert account.asked == []


def test_f14_doubt_ends_after_a_number_of_calls(account: Account, context: FunctionContext) -> None:
    account.bad[NEW] = lambda question, _: Answer(question.host, None, trouble="refused")
    given, statuses = event(), []
    for _ in range(10):
        answer = ask(context, given)
        statuses.append(answer["hookStatus"])
        given["hookDetails"] |= answer.get("hookDetails", {})
    assert statuses == ["IN_PROGRESS"] * 9 + ["FAILED"]


def test_samples_are_gathered_over_several_calls_when_time_is_short(account: Account, context: FunctionContext) -> None:
    given, left = event(), iter([60, 0, 60, 0, 60])

    def seconds_left() -> float:
        return next(left)

    statuses = []
    for _ in range(3):
        answer = before_traffic.answer(given, lambda: context, seconds_left)
        statuses.append(answer["hookStatus"])
        given["hookDetails"] |= answer.get("hookDetails", {})
    assert statuses == ["IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"]


def test_an_exception_is_an_answer_too(
    account: Account, context: FunctionContext, caplog: pytest.LogCaptureFixture
) -> None:
    account.clients["ecs"] = None
    assert ask(context, event()) == {"hookStatus": "FAILED"}
    assert ask(context, {}) == {"hookStatus": "FAILED"}
    assert "the gate could not judge, so it stays closed" in caplog.text


def test_a_service_of_no_component_is_not_waved_through(
    context: FunctionContext, caplog: pytest.LogCaptureFixture
) -> None:
    call = event()
    call["executionDetails"]["serviceArn"] = "service/exchange-test/stranger"
    assert ask(context, call) == {"hookStatus": "FAILED"}
    assert "stranger belongs to no component" in caplog.text


def slow_from(second_round: int) -> Callable[[Question, int], Answer]:
    """Slow answers, but good ones."""

    def answer(question: Question, _count: int) -> Answer:
        body = {"status": "ok", "digest": NEW} if question.path == "/ready" else None
        return Answer(question.host, 200, second_round, body)

    return answer


def test_a_slow_version_is_stopped_by_its_latency(account: Account, context: FunctionContext) -> None:
    account.bad[NEW] = slow_from(1500)
    assert ask(context, event()) == {"hookStatus": "FAILED"}
    kept = context.ledger.gate("client", "d1")
    assert kept is not None
    assert "web p95 1500 ms > limit 1000 ms (60 samples)" in kept["reason"]

"""Fresh tasks of the former version, started for a comparison and stopped after it, and the comparison itself."""

from collections.abc import Callable
from typing import Any

import pytest

from release_aws.probes import Question
from release_engine.gate import Answer
from release_engine.ledger import OvertakenError
from release_handlers import baseline, before_traffic, record
from release_handlers.function_context import FunctionContext
from tests.unit.aws.account import CANARY_COMPONENT, COMPONENT, Account
from tests.unit.aws.answers import NEW, OLD
from tests.unit.aws.fake_ecs import PLACED
from tests.unit.handlers.test_before_traffic import event

NAME = "exchange-client-web-baseline-1"


def context_of(account: Account, component: dict[str, Any]) -> FunctionContext:
    """With its own idea of the component."""
    environment = {"LEDGER_TABLE": "ledger"}
    facts = {"client": component}
    return FunctionContext(environment, facts, client=account.client, ask=account.ask, now=lambda: next(account.clock))


@pytest.fixture
def context(account: Account) -> FunctionContext:
    """Whose component has a canary."""
    return context_of(account, CANARY_COMPONENT)


def locked(context: FunctionContext, release_id: str = "r1", kind: str = "release") -> dict[str, Any]:
    """A release that holds the lock."""
    state = {"release_id": release_id, "component": "client", "digest": NEW, "kind": kind}
    return {**state, "lock": record.lock(state, "execution", context)}


def test_as_many_tasks_as_asked_for_run_what_the_service_runs(account: Account, context: FunctionContext) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"""
    assert baseline.start(locked(context), context) == {"status": "started", "services": {"web": NAME}}
    assert account.beside == {NAME: [OLD, OLD]}
    (request,) = account.clients["ecs"].created
    assert request["taskDefinition"] == "exchange-client-web:1"
    assert {key: request[key] for key in PLACED} == PLACED
    assert "loadBalancers" not in request


def test_it_calls_others_by_service_connect_and_is_found_by_nobody(account: Account, context: FunctionContext) -> None:
    baseline.start(locked(context), context)
    (request,) = account.clients["ecs"].created
    assert request["serviceConnectConfiguration"] == {"enabled": True, "namespace": "exchange"}


def test_started_twice_it_runs_once(account: Account, context: FunctionContext) -> None:
    state = locked(context)
    assert baseline.start(state, context) == baseline.start(state, context)
    assert len(account.clients["ecs"].created) == 1


def test_stopped_twice_it_is_gone(account: Account, context: FunctionContext) -> None:
    state = locked(context)
    baseline.start(state, context)
    assert baseline.stop(state, context) == {"status": "stopped"}
    assert account.beside == {}
    assert context.ledger.baseline("client") is None
    assert baseline.stop(state, context) == {"status": "none"}


def test_one_that_somebody_deleted_is_no_failure(account: Account, context: FunctionContext) -> None:
    state = locked(context)
    baseline.start(state, context)
    account.beside.clear()
    assert baseline.stop(state, context) == {"status": "stopped"}


def test_what_an_aborted_release_left_is_stopped_by_the_next(account: Account, context: FunctionContext) -> None:
    baseline.start(locked(context), context)
    context.ledger.give_back("client", "r1")
    baseline.start(locked(context, "r2"), context)
    assert account.clients["ecs"].deleted == [NAME]
    assert list(account.beside) == ["exchange-client-web-baseline-2"]


def test_a_way_back_is_compared_with_nothing_and_ends_what_is_left(account: Account, context: FunctionContext) -> None:
    baseline.start(locked(context), context)
    context.ledger.give_back("client", "r1")
    assert baseline.start(locked(context, "undo", "rollback"), context) == {"status": "none", "services": {}}
    assert account.beside == {}


def test_a_first_release_has_nothing_to_be_compared_with(account: Account, context: FunctionContext) -> None:
    account.run("")
    assert baseline.start(locked(context), context) == {"status": "none", "services": {}}
    assert context.ledger.baseline("client") is None


def test_a_component_without_a_canary_starts_none(account: Account) -> None:
    context = context_of(account, COMPONENT)
    assert baseline.start(locked(context), context)["status"] == "none"
    assert account.clients["ecs"].created == []


def test_f10_a_release_that_was_overtaken_touches_nothing(account: Account, context: FunctionContext) -> None:
    state = locked(context)
    context.ledger.give_back("client", "r1")
    baseline.start(locked(context, "r2"), context)
    with pytest.raises(OvertakenError, match="r1 no longer holds the lock of client"):
        baseline.start(state, context)
    assert baseline.stop(state, context) == {"status": "none"}
    assert list(account.beside) == ["exchange-client-web-baseline-2"]


BEFORE_A_STEP = "PRE_PRODUCTION_TRAFFIC_SHIFT"


@pytest.fixture
def canary_context(account: Account, context: FunctionContext) -> FunctionContext:
    """A release of NEW whose canary runs, with its baseline."""
    baseline.start(locked(context), context)
    account.running["exchange-client-web"] = [OLD, NEW, NEW, NEW]
    return context


def ask(
    canary_context: FunctionContext, told: dict[str, Any] | None = None, seconds: Callable[[], float] = lambda: 60.0
) -> Any:
    """The answer to one call, and what was kept of it."""
    answer = before_traffic.answer(told or event(), lambda: canary_context, seconds)
    return answer, canary_context.ledger.gate("client", "r1")


def users(account: Account, *, good: Callable[[int], bool] = lambda _: True, milliseconds: int = 20) -> None:
    """How NEW answers users; in depth it is always well."""

    def answer(question: Question, count: int) -> Answer:
        if question.path == "/ready":
            return Answer(question.host, 200, 5, {"status": "ok", "digest": NEW})
        return Answer(question.host, 200 if good(count) else 500, milliseconds)

    account.bad[NEW] = answer


def test_a_version_like_the_former_passes_with_a_thousand_samples_a_side(
    account: Account, canary_context: FunctionContext
) -> None:
    answer, kept = ask(canary_context)
    assert answer == {"hookStatus": "SUCCEEDED"}
    errors, latencies = kept["checks"][-2:]
    assert (errors["check"], errors["samples"], errors["baseline_samples"]) == ("web canary errors", 1000, 1000)
    assert (latencies["check"], latencies["verdict"]) == ("web canary", "PASS")


def test_both_sides_have_as_many_tasks_and_are_asked_in_turn(account: Account, canary_context: FunctionContext) -> None:
    ask(canary_context)
    compared = [question.host for question in account.asked if question.path == "/"][-2000:]
    assert compared[:4] == ["10.0.0.1", "10.0.0.100", "10.0.0.2", "10.0.0.101"]
    assert {host: compared.count(host) for host in set(compared)} == dict.fromkeys(compared[:4], 500)


def test_a_version_within_its_limits_but_slower_than_the_former_is_stopped(
    account: Account, canary_context: FunctionContext
) -> None:
    users(account, milliseconds=40)
    answer, kept = ask(canary_context)
    assert answer == {"hookStatus": "FAILED"}
    assert kept["reason"].startswith("web canary p95 40 ms against baseline 20 ms, median 40 ms against 20 ms")
    assert kept["reason"].endswith("worse (1000 and 1000 samples, p < 1e-12)")


def test_f33_more_errors_than_a_baseline_of_none_within_the_limit_are_no_finding_of_one_request(
    account: Account, canary_context: FunctionContext
) -> None:
    users(account, good=lambda count: count % 500 != 0)
    answer, kept = ask(canary_context)
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert kept["checks"][-2]["baseline"] == 0


def test_f34_without_a_task_of_the_baseline_there_is_doubt(account: Account, canary_context: FunctionContext) -> None:
    account.beside = {name: [] for name in account.beside}
    answer, kept = ask(canary_context)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "web canary errors: no data from the canary and baseline (0 and 0 samples)" in kept["reason"]


def test_a_baseline_that_does_not_listen_yet_is_waited_for(account: Account, canary_context: FunctionContext) -> None:
    account.bad[OLD] = lambda question, _: Answer(question.host, None, trouble="refused")
    answer, kept = ask(canary_context)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "no data from the baseline (1020 and 0 samples)" in kept["reason"]


def test_what_was_never_answered_is_an_error_without_a_latency(
    account: Account, canary_context: FunctionContext
) -> None:
    account.bad[OLD] = lambda question, count: Answer(question.host, 0 if count % 21 == 0 else 200, 20)
    answer, kept = ask(canary_context)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "web canary p95 20 ms against baseline 20 ms" in kept["reason"]
    assert "fewer than 1000 a side" in kept["reason"]


def test_a_request_that_got_lost_is_asked_for_once_more(account: Account, canary_context: FunctionContext) -> None:
    account.bad[OLD] = lambda question, count: Answer(question.host, None if count % 201 == 0 else 200, 20)
    answer, kept = ask(canary_context)
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert 1000 <= kept["checks"][-2]["baseline_samples"] <= 1010


def test_when_time_runs_out_too_few_samples_say_so(account: Account, canary_context: FunctionContext) -> None:
    left = iter([60.0] * 10 + [0.0] * 5)
    answer, kept = ask(canary_context, seconds=lambda: next(left))
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "fewer than 1000 a side" in kept["reason"]


def test_before_the_first_users_the_answer_is_known_already(account: Account, canary_context: FunctionContext) -> None:
    users(account, milliseconds=40)
    answer, _ = ask(canary_context, event(BEFORE_A_STEP))
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert account.asked == []


def test_before_all_users_follow_the_canary_is_judged_again(account: Account, canary_context: FunctionContext) -> None:
    account.clients["ecs"].users = 10.0
    users(account, milliseconds=40)
    answer, kept = ask(canary_context, event(BEFORE_A_STEP))
    assert answer == {"hookStatus": "FAILED"}
    assert (kept["stage"], kept["users"]) == (BEFORE_A_STEP, 10)


def test_f34_when_ecs_does_not_say_how_many_users_there_are_the_canary_is_judged(
    account: Account, canary_context: FunctionContext
) -> None:
    account.clients["ecs"].users = None
    users(account, milliseconds=40)
    assert ask(canary_context, event(BEFORE_A_STEP))[0] == {"hookStatus": "FAILED"}


def test_what_was_gathered_before_users_came_does_not_count_among_them(
    account: Account, canary_context: FunctionContext
) -> None:
    account.clients["ecs"].users = 10.0
    before = {"moment": "POST_TEST_TRAFFIC_SHIFT@0", "attempts": 9, "seen": {"samples": 900, "errors": 900}}
    call = event(BEFORE_A_STEP)
    call["hookDetails"]["progress"] = before
    answer, _ = ask(canary_context, call)
    assert answer == {"hookStatus": "SUCCEEDED"}


def test_the_way_back_is_not_compared_with_the_version_it_leaves(
    account: Account, canary_context: FunctionContext
) -> None:
    """The revision that ECS goes to runs another digest than the one that the baseline was started for."""
    canary_context.ledger.forget_baseline("client")
    users(account, milliseconds=40)
    answer, kept = ask(canary_context)
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert not [judgement for judgement in kept["checks"] if "canary" in judgement["check"]]


def test_a_baseline_of_another_release_is_not_this_ones(account: Account, canary_context: FunctionContext) -> None:
    known = canary_context.ledger.baseline("client")
    assert known is not None
    canary_context.ledger.keep_baseline(type(known)("client", "r0", OLD, known.services))
    users(account, milliseconds=40)
    assert ask(canary_context)[0] == {"hookStatus": "SUCCEEDED"}

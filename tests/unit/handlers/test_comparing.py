"""The canary against its baseline, as the gate asks both."""

from collections.abc import Callable
from typing import Any

import pytest

from release_aws.probes import Question
from release_engine.samples import Answer
from release_handlers import baseline, before_traffic, record
from release_handlers.world import World
from tests.unit.aws.account import CANARY_COMPONENT, Account
from tests.unit.aws.digests import NEW, OLD
from tests.unit.handlers.test_before_traffic import event

BEFORE_A_STEP = "PRE_PRODUCTION_TRAFFIC_SHIFT"


@pytest.fixture
def world(account: Account) -> World:
    """A release of NEW whose canary runs, with its baseline."""
    environment, facts = {"LEDGER_TABLE": "ledger"}, {"client": CANARY_COMPONENT}
    made = World(environment, facts, client=account.client, ask=account.ask, now=lambda: next(account.clock))
    state = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release"}
    baseline.start({**state, "lock": record.lock(state, "execution", made)}, made)
    account.running["exchange-client-web"] = [OLD, NEW, NEW, NEW]
    return made


def ask(world: World, told: dict[str, Any] | None = None, seconds: Callable[[], float] = lambda: 60.0) -> Any:
    """The answer to one call, and what was kept of it."""
    answer = before_traffic.answer(told or event(), lambda: world, seconds)
    return answer, world.ledger.gate("client", "r1")


def users(account: Account, *, good: Callable[[int], bool] = lambda _: True, milliseconds: int = 20) -> None:
    """How NEW answers users; in depth it is always well."""

    def answer(question: Question, count: int) -> Answer:
        if question.path == "/ready":
            return Answer(question.host, 200, 5, {"status": "ok", "digest": NEW})
        return Answer(question.host, 200 if good(count) else 500, milliseconds)

    account.bad[NEW] = answer


def test_a_version_like_the_former_passes_with_a_thousand_samples_a_side(account: Account, world: World) -> None:
    answer, kept = ask(world)
    assert answer == {"hookStatus": "SUCCEEDED"}
    errors, latencies = kept["checks"][-2:]
    assert (errors["check"], errors["samples"], errors["baseline_samples"]) == ("web canary errors", 1000, 1000)
    assert (latencies["check"], latencies["verdict"]) == ("web canary", "PASS")


def test_both_sides_have_as_many_tasks_and_are_asked_in_turn(account: Account, world: World) -> None:
    ask(world)
    compared = [question.host for question in account.asked if question.path == "/"][-2000:]
    assert compared[:4] == ["10.0.0.1", "10.0.0.100", "10.0.0.2", "10.0.0.101"]
    assert {host: compared.count(host) for host in set(compared)} == dict.fromkeys(compared[:4], 500)


def test_a_version_within_its_limits_but_slower_than_the_former_is_stopped(account: Account, world: World) -> None:
    users(account, milliseconds=40)
    answer, kept = ask(world)
    assert answer == {"hookStatus": "FAILED"}
    assert kept["reason"].startswith("web canary p95 40 ms against baseline 20 ms, median 40 ms against 20 ms")
    assert kept["reason"].endswith("worse (1000 and 1000 samples, p < 1e-12)")


def test_f33_more_errors_than_a_baseline_of_none_within_the_limit_are_no_finding_of_one_request(
    account: Account, world: World
) -> None:
    users(account, good=lambda count: count % 500 != 0)
    answer, kept = ask(world)
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert kept["checks"][-2]["baseline"] == 0


def test_f34_without_a_task_of_the_baseline_there_is_doubt(account: Account, world: World) -> None:
    account.beside = {name: [] for name in account.beside}
    answer, kept = ask(world)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "web canary errors: no data from the canary and baseline (0 and 0 samples)" in kept["reason"]


def test_a_baseline_that_does_not_listen_yet_is_waited_for(account: Account, world: World) -> None:
    account.bad[OLD] = lambda question, _: Answer(question.host, None, trouble="refused")
    answer, kept = ask(world)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "no data from the baseline (1020 and 0 samples)" in kept["reason"]


def test_what_was_never_answered_is_an_error_without_a_latency(account: Account, world: World) -> None:
    account.bad[OLD] = lambda question, count: Answer(question.host, 0 if count % 21 == 0 else 200, 20)
    answer, kept = ask(world)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "web canary p95 20 ms against baseline 20 ms" in kept["reason"]
    assert "fewer than 1000 a side" in kept["reason"]


def test_a_request_that_got_lost_is_asked_for_once_more(account: Account, world: World) -> None:
    account.bad[OLD] = lambda question, count: Answer(question.host, None if count % 201 == 0 else 200, 20)
    answer, kept = ask(world)
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert 1000 <= kept["checks"][-2]["baseline_samples"] <= 1010


def test_when_time_runs_out_too_few_samples_say_so(account: Account, world: World) -> None:
    left = iter([60.0] * 10 + [0.0] * 5)
    answer, kept = ask(world, seconds=lambda: next(left))
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert "fewer than 1000 a side" in kept["reason"]


def test_before_the_first_users_the_answer_is_known_already(account: Account, world: World) -> None:
    users(account, milliseconds=40)
    answer, _ = ask(world, event(BEFORE_A_STEP))
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert account.asked == []


def test_before_all_users_follow_the_canary_is_judged_again(account: Account, world: World) -> None:
    account.clients["ecs"].users = 10.0
    users(account, milliseconds=40)
    answer, kept = ask(world, event(BEFORE_A_STEP))
    assert answer == {"hookStatus": "FAILED"}
    assert (kept["stage"], kept["users"]) == (BEFORE_A_STEP, 10)


def test_f34_when_ecs_does_not_say_how_many_users_there_are_the_canary_is_judged(
    account: Account, world: World
) -> None:
    account.clients["ecs"].users = None
    users(account, milliseconds=40)
    assert ask(world, event(BEFORE_A_STEP))[0] == {"hookStatus": "FAILED"}


def test_what_was_gathered_before_users_came_does_not_count_among_them(account: Account, world: World) -> None:
    account.clients["ecs"].users = 10.0
    before = {"moment": "POST_TEST_TRAFFIC_SHIFT@0", "attempts": 9, "seen": {"samples": 900, "errors": 900}}
    told = event(BEFORE_A_STEP)
    told["hookDetails"]["progress"] = before
    answer, _ = ask(world, told)
    assert answer == {"hookStatus": "SUCCEEDED"}


def test_the_way_back_is_not_compared_with_the_version_it_leaves(account: Account, world: World) -> None:
    """The revision that ECS goes to runs another digest than the one that the baseline was started for."""
    world.ledger.forget_baseline("client")
    users(account, milliseconds=40)
    answer, kept = ask(world)
    assert answer == {"hookStatus": "SUCCEEDED"}
    assert not [one for one in kept["checks"] if "canary" in one["check"]]


def test_a_baseline_of_another_release_is_not_this_ones(account: Account, world: World) -> None:
    known = world.ledger.baseline("client")
    assert known is not None
    world.ledger.keep_baseline(type(known)("client", "r0", OLD, known.services))
    users(account, milliseconds=40)
    assert ask(world)[0] == {"hookStatus": "SUCCEEDED"}

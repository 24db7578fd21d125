"""The figures of a rehearsal: each comes from what was seen, and misses its aim when that is not good enough."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.stories import Figure, Played, many_users
from rehearsal.story_parts import figures
from rehearsal.story_parts.figures import Spent
from rehearsal.story_parts.moments import Call, Deployment, Visit, calls, last_before, parsed, visits
from rehearsal.story_parts.story import unharmed_promise
from rehearsal.traffic_program import stretched

GOOD_ROUND = {
    "bake": {
        "verdict": "INCONCLUSIVE",
        "seen": {"web": {"errors": 0, "unready": 0}},
        "checked": {"lag": {"failures": 0}},
    }
}
BAD_ROUND = {
    "bake": {
        "verdict": "INCONCLUSIVE",
        "seen": {"web": {"errors": 4, "unready": 0}},
        "checked": {"lag": {"failures": 0}},
    }
}
SPAN = {"first_at": 100.0, "last_at": 103.2, "among": 90}


def bake(*rounds: dict[str, Any], wait: float = 0.5) -> list[Visit]:
    """Rounds of 0.1 s with a wait after each, then a rollback that begins."""
    found, now = list[Visit](), 0.0
    for output in rounds:
        found += [Visit("Bake", now, now + 0.1, output), Visit("WaitForSamples", now + 0.1, now + 0.1 + wait)]
        now += 0.1 + wait
    return [*found, Visit(figures.BEGINS[0], now, now + 0.1)]


def test_the_reaction_counts_from_the_first_bad_round_with_undivided_waits() -> None:
    figure = figures.reaction_of_the_bake(bake(GOOD_ROUND, BAD_ROUND), interval=30, speed=60)
    assert figure.value == pytest.approx((0.1 + 30) / 30, abs=0.001)
    assert figure.holds


@pytest.mark.parametrize(
    "seen",
    [
        {"bake": {"verdict": "INCONCLUSIVE", "seen": {"web": {"unready": 1}}}},
        {"bake": {"verdict": "INCONCLUSIVE", "seen": {"web": {"other_digests": ["sha256:old"]}}}},
        {"bake": {"verdict": "INCONCLUSIVE", "checked": {"restarts": {"failures": 1}}}},
        {"bake": {"verdict": "FAIL", "reason": "in alarm: slow"}},
    ],
)
def test_a_gate_that_waits_two_more_intervals_after_a_bad_sample_is_too_slow(seen: dict[str, Any]) -> None:
    figure = figures.reaction_of_the_bake(bake(seen, seen, seen), interval=30, speed=60)
    assert figure.value is not None
    assert figure.value > 3
    assert not figure.holds


@pytest.mark.parametrize("found", [[], bake(GOOD_ROUND), bake(BAD_ROUND)[:-1]])
def test_a_reaction_that_never_came_is_not_measured_and_does_not_hold(found: list[Visit]) -> None:
    figure = figures.reaction_of_the_bake(found, interval=30, speed=60)
    assert (figure.value, figure.holds) == (None, False)
    assert str(figure).startswith("not measured of at most 2 gate intervals")


def test_the_hooks_reaction_is_that_of_the_call_that_led_to_the_decision() -> None:
    asked = [Call(10, 11), Call(90, 92), Call(99, 100)]
    quick = figures.reaction_of_the_hook(last_before(93, asked), 93, interval=30)
    slow = figures.reaction_of_the_hook(last_before(89, asked), 89, interval=30)
    assert (quick.value, quick.holds) == (0.1, True)
    assert (slow.value, slow.holds) == (2.633, False)


@pytest.mark.parametrize(("asked", "decided"), [([], 93.0), ([Call(95, 96)], 93.0), ([Call(10, 11)], None)])
def test_a_hook_that_undid_nothing_has_no_reaction(asked: list[Call], decided: float | None) -> None:
    assert not figures.reaction_of_the_hook(last_before(decided, asked), decided, interval=30).holds


def test_a_flip_ends_with_the_last_answer_of_the_bad_version() -> None:
    assert figures.flip(102.0, SPAN).value == pytest.approx(1.2)
    assert figures.flip(104.0, SPAN).value == 0
    assert not figures.flip(98.0, SPAN).holds


def test_a_flip_of_what_nobody_met_or_nobody_undid_is_not_measured() -> None:
    assert not figures.flip(None, SPAN).holds
    assert not figures.flip(102.0, {}).holds


def test_a_canary_that_answers_a_third_has_more_than_its_percentage() -> None:
    share = figures.canary_share(30, SPAN, 10)
    assert not share.kept
    assert share.seen == "30 of at most 19 requests, 33.3% of 90, at 10%"


def test_chance_alone_is_no_mistake_of_a_canary() -> None:
    assert figures.canary_share(19, SPAN, 10).kept
    assert not figures.canary_share(20, SPAN, 10).kept


def test_a_canary_that_met_nobody_has_no_share() -> None:
    assert not figures.canary_share(0, {}, 10).kept


def test_the_exposure_counts_the_canarys_step_undivided_and_work_as_it_is() -> None:
    short = figures.canary_exposure(SPAN, step_seconds=60, interval=30, speed=60)
    long = figures.canary_exposure(SPAN, step_seconds=180, interval=30, speed=60)
    assert short.value == pytest.approx((60 + 2.2) / 30, abs=0.001)
    assert long.value == pytest.approx((180 + 0.2) / 30, abs=0.001)
    assert (short.limit, long.limit) == (5, 9)
    stays = figures.canary_exposure({**SPAN, "last_at": 300.0}, step_seconds=60, interval=30, speed=60)
    assert not stays.holds
    assert not figures.canary_exposure({}, step_seconds=60, interval=30, speed=60).holds


def test_the_way_back_from_a_canary_ends_with_its_last_answer() -> None:
    call = Call(100.0, 100.5)
    assert figures.canary_back(call, 101.0, SPAN, interval=30).value == pytest.approx(3.2 / 30, abs=0.001)
    assert figures.canary_back(call, 106.0, SPAN, interval=30).value == pytest.approx(0.2)
    assert not figures.canary_back(call, 101.0, {**SPAN, "last_at": 191.0}, interval=30).holds


@pytest.mark.parametrize(
    ("call", "decided", "span"), [(None, 1.0, SPAN), (Call(1, 2), None, SPAN), (Call(1, 2), 3.0, {})]
)
def test_a_way_back_that_nobody_took_is_not_measured(
    call: Call | None, decided: float | None, span: dict[str, float]
) -> None:
    assert not figures.canary_back(call, decided, span, interval=30).holds


def test_the_chains_own_time_is_what_nobody_else_accounts_for() -> None:
    figure = figures.own_time_figure(40.0, [Spent(baked=10, deployed=15), Spent(baked=5, deployed=2)])
    assert (figure.value, figure.holds) == (20.0, True)
    assert not figures.own_time_figure(60.0, [Spent(baked=10, deployed=15), Spent(baked=5, deployed=2)]).holds
    assert not figures.own_time_figure(0.0, []).holds


def test_deployments_side_by_side_count_once_and_only_within_their_release() -> None:
    found = [Visit("Lock", 0, 1), Visit("WaitForSamples", 10, 13), Visit("Bake", 13, 14), Visit("Unlock", 14, 15)]
    done = [(2, 6), (4, 8), (9, 10), (-20, -10), (14.5, 30)]
    deployments = [Deployment(began, ended, None, "") for began, ended in done]
    assert figures.spent(found, deployments) == Spent(baked=4, deployed=7.5)


def test_a_bake_while_ecs_bakes_too_counts_once() -> None:
    found = [Visit("Lock", 0, 1), Visit("WaitForSamples", 4, 7), Visit("Bake", 7, 9), Visit("Unlock", 14, 15)]
    assert figures.spent(found, [Deployment(1, 8, None, "")]) == Spent(baked=1, deployed=7)


def test_visits_are_read_from_an_executions_history() -> None:
    def at(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    events = [
        {"timestamp": at(1), "stateEnteredEventDetails": {"name": "RollBackWaitForStack"}},
        {"timestamp": at(3), "stateExitedEventDetails": {"name": "RollBackWaitForStack", "output": '{"a": 1}'}},
        {"timestamp": at(3), "stateEnteredEventDetails": {"name": "Bake"}},
    ]
    found = list(visits(events))
    assert found == [Visit("RollBackWaitForStack", 1, 3, {"a": 1})]
    assert found[0].waits
    assert not Visit("Bake", 0, 1).waits


def test_the_gates_calls_are_read_from_their_report_lines() -> None:
    events = [
        {"timestamp": 9000, "message": "REPORT RequestId: b\tDuration: 500 ms\tBilled Duration: 500 ms"},
        {"timestamp": 2000, "message": "REPORT RequestId: a\tDuration: 250.5 ms\tBilled Duration: 251 ms"},
        {"timestamp": 2000, "message": "START RequestId: a Version: $LATEST"},
    ]
    assert calls(events) == [Call(1.7495, 2.0), Call(8.5, 9.0)]


def test_a_deployment_that_ecs_rolled_back_tells_when() -> None:
    def at(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    told = {"startedAt": at(1), "finishedAt": at(9), "statusReason": "alarms", "rollback": {"startedAt": at(5)}}
    assert parsed(told) == Deployment(1, 9, 5, "alarms")
    assert parsed({"startedAt": at(1), "finishedAt": at(9)}).decided is None


def test_a_version_is_seen_from_its_first_answer_to_its_last() -> None:
    span = stretched(stretched(stretched(None, at=10.0, number=5), at=11.0, number=9), at=12.5, number=30)
    assert span.as_dict() == {"first_at": 10.0, "last_at": 12.5, "among": 26}


def test_too_few_requests_prove_nothing() -> None:
    few = {"client": {"requests": 9_999, "failures": 0, "examples": []}}
    enough = {"client": {"requests": 10_000, "failures": 0, "examples": []}}
    assert not many_users.enough_promise(few).kept
    assert many_users.enough_promise(enough).kept


def test_one_failed_request_of_ten_thousand_is_one_too_many() -> None:
    good = {"client": {"requests": 10_000, "failures": 0, "examples": []}}
    bad = {"client": {"requests": 10_000, "failures": 1, "examples": ["GET /: 502"]}}
    assert unharmed_promise(good, "a release").kept
    assert not unharmed_promise(bad, "a release").kept
    assert "GET /: 502" in unharmed_promise(bad, "a release").seen


def test_a_figure_over_its_limit_is_a_broken_aim_and_no_broken_promise() -> None:
    figure = Figure("seconds", 6.0, 5.0, "s", "slow")
    assert figure.broken == "aim broken: 6 s of 5 s"
    assert [(one.name, one.kept, one.seen) for one in Played([], figures=[figure]).promises] == [
        ("measured: seconds", True, "6 of at most 5 s: slow"),
    ]
    assert Figure("seconds", 5.0, 5.0, "s").broken == ""


def test_what_could_not_be_measured_did_not_happen_and_breaks_a_promise() -> None:
    figure = Figure("seconds", None, 5.0, "s", "nobody undid it")
    assert figure.broken == "aim broken: not measured of 5 s"
    assert not Played([], figures=[figure]).promises[0].kept

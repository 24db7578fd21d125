"""The gate's judgements of what probes saw, and of checks against a limit.

Of checks, bad, not taken and without data are three different things.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from release_engine import gate
from release_engine.check import CheckHistory, Reading, judge, take, tally
from release_engine.gate import Answer, ProbeResults, add, ready, seen
from release_engine.gate_limits import Check, Gate, Probe
from release_engine.verdict import Judgement, Verdict, worst

PROBE = Probe(service="web", samples_per_round=20, min_samples=60, max_error_rate=0.01, max_ms=1000)
LIMITS = Gate(interval_seconds=30, bake_minutes=3, probes=(PROBE,))
DIGEST, OTHER = "sha256:new", "sha256:old"


def saw(**changes: object) -> ProbeResults:
    """Sixty good samples and three good readings, but for the changes."""
    base: dict[str, object] = {"samples": 60, "readings": 3, "latencies_ms": tuple([20] * 60)}
    return ProbeResults(**{**base, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "verdict", "reason"),
    [
        (saw(), Verdict.PASS, "web errors 0.0% <= limit 1.0% (60 samples)"),
        (saw(samples=61, errors=13), Verdict.FAIL, "web errors 21.3% > limit 1.0% (61 samples)"),
        (saw(errors=1), Verdict.FAIL, "web errors 1.7% > limit 1.0% (60 samples)"),
        (saw(samples=20, errors=1), Verdict.FAIL, "web errors 5.0% > limit 1.0% (20 samples)"),
        (saw(samples=20), Verdict.INCONCLUSIVE, "web errors: 20 samples < minimum 60"),
        (saw(latencies_ms=(20,) * 56 + (1500,) * 4), Verdict.FAIL, "web p95 1500 ms > limit 1000 ms (60 samples)"),
        (saw(latencies_ms=(20,) * 57 + (1500,) * 3), Verdict.PASS, "web p95 20 ms <= limit 1000 ms (60 samples)"),
        (saw(latencies_ms=(20,) * 59), Verdict.INCONCLUSIVE, "web p95: 59 samples < minimum 60"),
        (saw(unready=1), Verdict.FAIL, "web unready 33.3% > limit 1.0% (3 readings)"),
        (saw(readings=0), Verdict.INCONCLUSIVE, "web never told its digest"),
        (saw(other_digests=(OTHER,)), Verdict.FAIL, "web is answered by sha256:old as well"),
        (saw(untaken=7), Verdict.INCONCLUSIVE, "web: 7 of 70 requests could not be taken"),
        (
            saw(samples=6000, latencies_ms=(20,) * 6000, untaken=8, most_failed_in_a_row=4),
            Verdict.INCONCLUSIVE,
            "web: 8 of 6011 requests could not be taken, in 4 rounds in a row, tolerated are 3",
        ),
        (saw(empty_rounds=11), Verdict.INCONCLUSIVE, "web: nobody to ask in 11 rounds, tolerated are 10"),
        (saw(empty_rounds=10, most_failed_in_a_row=3), Verdict.PASS, "web: 63 of 63 requests taken"),
    ],
)
def test_every_check_states_both_sides(seen: ProbeResults, verdict: Verdict, reason: str) -> None:
    judgement = worst(gate.judge("web", seen, PROBE))
    assert judgement.verdict is verdict
    assert reason in judgement.reason


def test_f14_f34_without_any_sample_the_gate_never_passes() -> None:
    checks = gate.judge("web", ProbeResults(), PROBE)
    assert worst(checks).verdict is Verdict.INCONCLUSIVE
    assert worst([]).verdict is Verdict.INCONCLUSIVE


def test_a_request_that_could_not_be_taken_is_no_bad_answer() -> None:
    answers = [Answer("a", None, trouble="refused"), Answer("a", 503), Answer("a", 0), Answer("a", 200)]
    after = add(ProbeResults(), samples=answers, readings=[], digest=DIGEST, probe=PROBE)
    assert (after.samples, after.errors, after.untaken) == (3, 2, 1)
    assert after.troubles == ("a refused", "a answered 503", "a answered 0")


@pytest.mark.parametrize(
    ("status", "body", "is_ready"),
    [
        (200, {"status": "ok", "digest": DIGEST}, True),
        (200, {"status": "failing", "digest": DIGEST}, False),
        (503, {"status": "ok", "digest": DIGEST}, False),
        (200, {"status": "ok"}, False),
        (200, None, False),
        (None, None, False),
    ],
)
def test_f12_only_a_deep_answer_that_says_so_is_ready(status: int | None, body: dict[str, str], is_ready: bool) -> None:
    assert ready(Answer("a", status, body=body), PROBE.body) is is_ready


@pytest.mark.parametrize(("checks", "is_ready"), [({"assets": "ok"}, True), ({"assets": "late"}, False), ({}, False)])
def test_f31_a_named_check_within_an_answer_may_be_demanded(checks: dict[str, str], is_ready: bool) -> None:
    answer = Answer("a", 200, body={"status": "ok", "digest": DIGEST, "checks": checks})
    assert ready(answer, {"status": "ok", "checks.assets": "ok"}) is is_ready
    assert not ready(Answer("a", 200, body={"checks": "ok", "digest": DIGEST}), {"checks.assets": "ok"})


def test_f26_an_answer_with_another_digest_is_remembered_over_rounds() -> None:
    wrong = Answer("a", 200, body={"status": "ok", "digest": OTHER})
    right = Answer("a", 200, body={"status": "ok", "digest": DIGEST})
    first = add(ProbeResults(), samples=[], readings=[wrong, right], digest=DIGEST, probe=PROBE)
    second = add(seen(first.as_dict()), samples=[], readings=[right], digest=DIGEST, probe=PROBE)
    assert second.other_digests == (OTHER,)
    assert second.readings == 3


def test_f14_rounds_that_were_lost_are_counted_in_a_row_and_empty_ones_apart() -> None:
    lost, good = [Answer("a", None, trouble="refused")] * 2, [Answer("a", 200)] * 2
    results, rows = ProbeResults(), list[tuple[int, int, int]]()
    for samples in (lost, lost, good, lost, []):
        results = add(results, samples=samples, readings=[], digest=DIGEST, probe=PROBE)
        rows.append((results.failed_in_a_row, results.most_failed_in_a_row, results.empty_rounds))
    assert rows == [(1, 1, 0), (2, 2, 0), (0, 2, 0), (1, 2, 0), (0, 2, 1)]


def test_what_fails_in_depth_is_named() -> None:
    body = {"status": "failing", "digest": DIGEST, "checks": {"database": "timeout", "cache": "ok"}}
    after = add(ProbeResults(), samples=[], readings=[Answer("10.0.0.1", 503, body=body)], digest=DIGEST, probe=PROBE)
    assert after.troubles == ("10.0.0.1 answered 503: not ok: database",)


@pytest.mark.parametrize(
    ("verdict", "done", "over"),
    [
        (Verdict.FAIL, 1, True),
        (Verdict.PASS, 5, False),
        (Verdict.PASS, 6, True),
        (Verdict.INCONCLUSIVE, 6, False),
        (Verdict.INCONCLUSIVE, 11, False),
        (Verdict.INCONCLUSIVE, 12, True),
    ],
)
def test_f14_doubt_prolongs_the_bake_and_a_finding_ends_it(verdict: Verdict, done: int, over: bool) -> None:
    assert gate.concluded(verdict, done, LIMITS) is over


def test_a_probe_may_take_other_statuses_fields_and_percentiles() -> None:
    probe = replace(PROBE, statuses=(200, 204), body={"state": "up"}, percentile=50)
    up = Answer("a", 200, body={"state": "up", "digest": DIGEST})
    redirect = Answer("a", 302)
    after = add(ProbeResults(), samples=[redirect, up], readings=[up], digest=DIGEST, probe=probe)
    assert (after.errors, after.unready) == (1, 0)
    slow = saw(latencies_ms=(20,) * 31 + (5000,) * 29)
    assert "web p50 20 ms <= limit 1000 ms (60 samples)" in worst(gate.judge("web", slow, probe)).reason


def test_the_worst_verdict_wins_with_all_reasons_that_gave_it() -> None:
    judgements = [
        Judgement(Verdict.PASS, "good"),
        Judgement(Verdict.FAIL, "bad", "one"),
        Judgement(Verdict.INCONCLUSIVE, "silent"),
        Judgement(Verdict.FAIL, "worse", "two", {"observed": 2}),
    ]
    judgement = worst(judgements)
    assert (judgement.verdict, judgement.reason, judgement.check) == (Verdict.FAIL, "bad; worse", "one, two")
    assert judgement.evidence["checks"][3] == {"check": "two", "verdict": "FAIL", "reason": "worse", "observed": 2}


LAG = Check("metric", "consumer lag", "ConsumerLag", "Maximum", max=1000, unit="messages")
ORDERS = Check("metric", "orders", "OrdersPerMinute", "Sum", min=5, min_samples=2)
SILENT, BROKEN = Reading(), Reading(trouble="ThrottlingException")
PASS, FAIL, DOUBT = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def history(check: Check, readings: Sequence[Reading | float]) -> CheckHistory:
    history = CheckHistory()
    for reading in readings:
        history = take(check, history, reading if isinstance(reading, Reading) else Reading(float(reading)))
    return history


@pytest.mark.parametrize(
    ("check", "readings", "verdict", "reason"),
    [
        (LAG, [3, 9, 4], PASS, "consumer lag 9 messages <= limit 1000 messages (0 bad of 3 readings)"),
        (LAG, [3, 5210], FAIL, "consumer lag 5210 messages > limit 1000 messages (1 bad of 2 readings)"),
        (LAG, [3, 9], DOUBT, "consumer lag has 2 readings with data < minimum 3"),
        (LAG, [], DOUBT, "consumer lag has 0 readings with data < minimum 3"),
        (LAG, [SILENT, 3, SILENT, 4, 5], PASS, "5 messages"),
        (LAG, [SILENT] * 11 + [1, 2, 3], DOUBT, "had no data in 11 readings, tolerated are 10"),
        (LAG, [BROKEN] * 3 + [1, 2, 3], PASS, "3 messages"),
        (LAG, [BROKEN] * 4 + [1, 2, 3], DOUBT, "could not be read 4 times in a row: ThrottlingException"),
        (LAG, [BROKEN, BROKEN, 1, BROKEN, BROKEN, 2, BROKEN, 3], PASS, "3 messages"),
        (LAG, [BROKEN] * 9 + [5000], FAIL, "5000 messages > limit"),
        (replace(LAG, max_failures=1), [5000, 1, 2], PASS, "(1 bad of 3 readings)"),
        (replace(LAG, max_failures=1), [5000, 6000, 2], FAIL, "6000 messages > limit 1000 messages (2 bad of 3"),
        (ORDERS, [9, 7], PASS, "orders 7 >= limit 5 (0 bad of 2 readings)"),
        (ORDERS, [9, 2], FAIL, "orders 2 < limit 5 (1 bad of 2 readings)"),
        (LAG, [1000, 1000, 1000], PASS, "1000 messages <= limit 1000"),
    ],
)
def test_f14_f34_each_kind_of_reading_has_its_own_tolerance(
    check: Check, readings: Sequence[Reading | float], verdict: Verdict, reason: str
) -> None:
    judgement = judge(check, history(check, readings))
    assert judgement.verdict is verdict
    assert reason in judgement.reason


def test_evidence_has_both_sides() -> None:
    evidence = judge(LAG, history(LAG, [3, 5210])).evidence
    assert evidence == {"observed": 5210.0, "limit": 1000, "samples": 2, "failures": 1}


RISING = replace(LAG, max=10, max_rise=0.5)


def beside(*pairs: tuple[float, float | None]) -> list[Reading]:
    """Values with what was usual."""
    return [Reading(value, usual=usual) for value, usual in pairs]


@pytest.mark.parametrize(
    ("readings", "verdict", "reason"),
    [
        (beside((140, 100), (150, 100), (1, 100)), PASS, "150 messages <= limit 150 messages, 50% over the usual 100"),
        (
            beside((151, 100)),
            FAIL,
            "consumer lag 151 messages > limit 150 messages, 50% over the usual 100 messages (1",
        ),
        (beside((9, 0), (10, 0), (8, 0)), PASS, "10 messages <= limit 10 messages, 50% over the usual 0 messages"),
        (beside((11, 0)), FAIL, "11 messages > limit 10 messages, 50% over the usual 0 messages"),
        (beside((11, None)), FAIL, "consumer lag 11 messages > limit 10 messages (1 bad of 1 readings)"),
        (beside((10, None), (9, None), (8, None)), PASS, "10 messages <= limit 10 messages (0 bad of 3 readings)"),
    ],
)
def test_f33_what_was_usual_is_no_limit_below_the_one_that_is_set(
    readings: Sequence[Reading], verdict: Verdict, reason: str
) -> None:
    judgement = judge(RISING, history(RISING, readings))
    assert judgement.verdict is verdict
    assert reason in judgement.reason
    assert "baseline" in judgement.evidence


def test_a_finding_says_what_its_number_stands_for() -> None:
    alarms = Check("alarms", max=0)
    judgement = judge(alarms, take(alarms, CheckHistory(), Reading(2, detail="client-5xx, client-slow")))
    assert (judgement.verdict, judgement.check) == (FAIL, "alarms")
    assert judgement.reason == "alarms 2 > limit 0 (1 bad of 1 readings): client-5xx, client-slow"


def test_a_check_with_an_interval_of_its_own_is_read_in_some_rounds_only() -> None:
    slow, gate = replace(LAG, interval_seconds=90), Gate(interval_seconds=30, bake_minutes=10)
    assert [round_ for round_ in range(1, 8) if gate.due(slow, round_)] == [1, 4, 7]
    assert all(gate.due(LAG, round_) for round_ in range(1, 8))


def test_what_was_seen_travels_from_round_to_round() -> None:
    before = history(LAG, [3, SILENT, BROKEN])
    assert tally(before.as_dict()) == before
    assert tally(None) == CheckHistory()

"""The canary's judgements; how often they are wrong is in `tests/statistics`."""

from math import inf, isfinite, nan
from random import Random

import pytest

from bench.canary_power import MAX_FALSE_ALARMS, steady
from release_engine.canary import ENOUGH, ERROR_LEVEL, FEWEST_LATENCIES, LATENCY_LEVEL, judge_errors, judge_latencies
from release_engine.significance import fewest_to_flag, quantile
from release_engine.verdict import Verdict, worst

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
THOUSAND = steady(Random(1), 1000)  # noqa: S311


@pytest.mark.parametrize(
    ("canary", "baseline", "verdict", "reason"),
    [
        (
            (60, 1000),
            (10, 1000),
            FAIL,
            "5xx 6.0% against baseline 1.0%, tolerance 1.0%: worse (1000 and 1000 samples, p ",
        ),
        ((10, 1000), (60, 1000), PASS, "5xx 1.0% against baseline 6.0%, tolerance 1.0%: not worse"),
        ((0, 1000), (0, 1000), PASS, "5xx 0.0% against baseline 0.0%"),
        ((1000, 1000), (1000, 1000), PASS, "not worse"),
        ((12, 1000), (10, 1000), PASS, "not worse"),  # larger, but may well be chance
        ((1500, 100_000), (1000, 100_000), PASS, "not worse"),  # no chance, but half a point harms nobody
        ((2500, 100_000), (1000, 100_000), FAIL, "worse"),
        ((20, 1000), (0, 9000), FAIL, "5xx 2.0% against baseline 0.0%"),  # F33: a baseline of zero
        ((6, 6), (0, 6), FAIL, "worse (6 and 6 samples"),  # proof does not wait for the minimum
        ((5, 5), (0, 5), INCONCLUSIVE, "fewer than 1000 a side"),  # F14: an exact test cannot tell
        ((0, 999), (0, 9000), INCONCLUSIVE, "fewer than 1000 a side (999 and 9000 samples"),
        ((0, 9000), (0, 999), INCONCLUSIVE, "fewer than 1000 a side (9000 and 999 samples"),
        ((0, 0), (0, 1000), INCONCLUSIVE, "5xx: no data from the canary (0 and 1000 samples)"),
        ((0, 1000), (0, 0), INCONCLUSIVE, "5xx: no data from the baseline (1000 and 0 samples)"),
        ((0, 0), (0, 0), INCONCLUSIVE, "5xx: no data from the canary and baseline"),
    ],
)
def test_f14_f33_f34_errors(canary: tuple[int, int], baseline: tuple[int, int], verdict: Verdict, reason: str) -> None:
    judgement = judge_errors("5xx", canary, baseline)
    assert judgement.verdict is verdict
    assert reason in judgement.reason


LATENCIES = [
    (THOUSAND, THOUSAND, PASS, "latency p95 {p95} ms against baseline {p95} ms, median {p50} ms against {p50} ms"),
    ([2 * value for value in THOUSAND], THOUSAND, FAIL, "worse (1000 and 1000 samples, p "),
    (THOUSAND, [2 * value for value in THOUSAND], PASS, "not worse"),
    ([5] * 1000, [5] * 1000, PASS, "not worse"),  # F33: no variance at all
    ([6] * 1000, [5] * 1000, PASS, "not worse"),  # one step of the clock
    ([17] * 940 + [26] * 60, [15] * 940 + [26] * 60, PASS, "tolerance 10% and 5 ms: not worse"),  # another CPU
    ([26] * 1000, [20] * 1000, FAIL, "tolerance 10% and 5 ms: worse"),
    ([0] * 1000, [0] * 1000, PASS, "not worse"),
    ([50] * 1000, [0] * 1000, FAIL, "worse"),  # F33: nothing to divide by
    ([108] * 1000, [100] * 1000, PASS, "not worse"),  # certain, but within the tolerance
    ([112] * 1000, [100] * 1000, FAIL, "worse"),
    ([100] * 900 + [900] * 100, [100] * 1000, FAIL, "p95 900 ms against baseline 100 ms"),  # ties, and only the tail
    ([100] * 880 + [900] * 120, [100] * 980 + [900] * 20, FAIL, "worse"),  # ties where the slowest twentieth begins
    ([100] * 940 + [900] * 60, [100] * 980 + [900] * 20, FAIL, "worse"),  # and where they fill more than that
    ([*THOUSAND, 1e15], THOUSAND, PASS, "not worse"),  # an outlier
    (THOUSAND, [*THOUSAND, *[1e15] * 5], PASS, "not worse"),
    (THOUSAND[:999], THOUSAND, INCONCLUSIVE, "fewer than 1000 a side (999 and 1000 samples"),
    ([9000] * 99, THOUSAND, INCONCLUSIVE, "fewer than 1000 a side"),
    ([9000] * 100, THOUSAND[:100], FAIL, "worse (100 and 100 samples"),
    ([], THOUSAND, INCONCLUSIVE, "latency: no data from the canary (0 and 1000 samples)"),
    (THOUSAND, [], INCONCLUSIVE, "latency: no data from the baseline"),
    ([nan] * 1000, [inf] * 1000, INCONCLUSIVE, "latency: no data from the canary and baseline (0 and 0 samples)"),
    ([*THOUSAND, *[nan] * 10], THOUSAND, PASS, "not worse (1000 and 1000 samples"),
    ([*THOUSAND, *[nan] * 11], THOUSAND, INCONCLUSIVE, "over 1% unusable"),
    (THOUSAND, [*THOUSAND, inf, *[-1.0] * 10], INCONCLUSIVE, "over 1% unusable"),
    ([*[2 * value for value in THOUSAND], *[nan] * 500], THOUSAND, FAIL, "worse (1000 and 1000 samples"),
]


@pytest.mark.parametrize(("canary", "baseline", "verdict", "reason"), LATENCIES)
def test_f14_f33_f34_latencies(canary: list[float], baseline: list[float], verdict: Verdict, reason: str) -> None:
    ordered = sorted(THOUSAND)
    judgement = judge_latencies("latency", canary, baseline)
    assert judgement.verdict is verdict, judgement.reason
    assert reason.format(p95=quantile(ordered, 0.95), p50=quantile(ordered, 0.5)) in judgement.reason


@pytest.mark.parametrize(("canary", "baseline"), [case[:2] for case in LATENCIES])
def test_evidence_is_fit_for_the_ledger(canary: list[float], baseline: list[float]) -> None:
    evidence = judge_latencies("latency", canary, baseline).evidence
    assert all(isfinite(value) and (value == 0 or abs(value) > 1e-100) for value in evidence.values())


def test_evidence_states_both_sides() -> None:
    assert judge_errors("5xx", (60, 1000), (10, 2000)).evidence == {
        "observed": 0.06,
        "baseline": 0.005,
        "samples": 1000,
        "baseline_samples": 2000,
        "p_value": pytest.approx(0, abs=1e-9),
        "effect": pytest.approx(0.055),
    }
    slower = judge_latencies("latency", [130] * 1000, [100] * 2000).evidence
    assert slower == {
        "observed": 130,
        "baseline": 100,
        "samples": 1000,
        "baseline_samples": 2000,
        "p_value": 0.0,
        "effect": 0.3,
    }


def test_counts_that_cannot_be_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="11 errors of 10 requests are no counts"):
        judge_errors("5xx", (11, 10), (0, 10))


def test_the_caller_may_ask_for_other_limits() -> None:
    assert judge_errors("5xx", (0, 200), (0, 200), enough=200).verdict is PASS
    assert judge_errors("5xx", (60, 1000), (10, 1000), tolerance=0.1).verdict is PASS
    assert judge_latencies("latency", [5] * 200, [5] * 200, enough=200).verdict is PASS
    assert judge_latencies("latency", [130] * 1000, [100] * 1000, tolerance=0.5).verdict is PASS
    assert judge_latencies("latency", [130] * 1000, [100] * 1000, harmless_ms=30).verdict is PASS
    assert judge_latencies("latency", [130] * 1000, [100] * 1000, harmless_ms=29).verdict is FAIL


def test_f14_no_limit_of_the_caller_lets_a_canary_pass_that_could_not_fail() -> None:
    assert judge_errors("5xx", (0, 5), (0, 5), enough=1).verdict is INCONCLUSIVE
    assert judge_errors("5xx", (0, 6), (0, 6), enough=1).verdict is PASS
    assert judge_errors("5xx", (0, 6), (0, 6), enough=1, looks=6).verdict is INCONCLUSIVE
    assert judge_latencies("latency", [5] * 99, [5] * 99, enough=1).verdict is INCONCLUSIVE


def test_each_of_several_looks_demands_more_proof() -> None:
    assert judge_errors("5xx", (8, 300), (0, 300), enough=300, tolerance=0.02).verdict is PASS
    assert judge_errors("5xx", (9, 300), (0, 300), enough=300, tolerance=0.02).verdict is FAIL
    assert judge_errors("5xx", (9, 300), (0, 300), enough=300, tolerance=0.02, looks=6).verdict is PASS
    tail = [100] * 930 + [900] * 70
    assert judge_latencies("latency", tail, [100] * 960 + [900] * 40).verdict is FAIL
    assert judge_latencies("latency", tail, [100] * 960 + [900] * 40, looks=50).verdict is PASS


def test_the_minimum_says_when_the_exact_test_can_flag_at_all() -> None:
    assert fewest_to_flag(ERROR_LEVEL) == 6 < FEWEST_LATENCIES < ENOUGH
    assert ERROR_LEVEL + LATENCY_LEVEL < MAX_FALSE_ALARMS


def test_no_data_on_one_check_holds_the_whole_gate() -> None:
    checks = [judge_errors("5xx", (0, 1000), (0, 1000)), judge_latencies("latency", [], THOUSAND)]
    assert worst(checks).verdict is INCONCLUSIVE

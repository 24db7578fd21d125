"""Checks of metrics against a limit: bad, not taken and without data are three different things."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from release_engine.metric_check import MetricCheck, Reading, Tally, due, judge, take, tally
from release_engine.verdict import Verdict

LAG = MetricCheck("consumer lag", "ConsumerLag", "Maximum", 1000, unit="messages")
ORDERS = MetricCheck("orders", "OrdersPerMinute", "Sum", 5, at_least=True, min_samples=2)
SILENT, BROKEN = Reading(), Reading(trouble="ThrottlingException")
PASS, FAIL, DOUBT = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def seen(check: MetricCheck, readings: Sequence[Reading | float]) -> Tally:
    found = Tally()
    for reading in readings:
        found = take(check, found, reading if isinstance(reading, Reading) else Reading(float(reading)))
    return found


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
    check: MetricCheck, readings: Sequence[Reading | float], verdict: Verdict, reason: str
) -> None:
    judgement = judge(check, seen(check, readings))
    assert judgement.verdict is verdict
    assert reason in judgement.reason


def test_evidence_has_both_sides() -> None:
    evidence = judge(LAG, seen(LAG, [3, 5210])).evidence
    assert evidence == {"observed": 5210.0, "limit": 1000, "samples": 2, "failures": 1}


def test_a_check_with_an_interval_of_its_own_is_read_in_some_rounds_only() -> None:
    slow = replace(LAG, every=3)
    assert [round_ for round_ in range(1, 8) if due(slow, round_)] == [1, 4, 7]
    assert all(due(LAG, round_) for round_ in range(1, 8))


def test_what_was_seen_travels_from_round_to_round() -> None:
    before = seen(LAG, [3, SILENT, BROKEN])
    assert tally(before.as_dict()) == before
    assert tally(None) == Tally()

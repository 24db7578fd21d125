"""Checks against a limit: bad, not taken and without data are three different things."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from release_engine.check import CheckHistory, Reading, judge, take, tally
from release_engine.gate_limits import Check, Gate
from release_engine.verdict import Verdict

LAG = Check("metric", "consumer lag", "ConsumerLag", "Maximum", max=1000, unit="messages")
ORDERS = Check("metric", "orders", "OrdersPerMinute", "Sum", min=5, min_samples=2)
SILENT, BROKEN = Reading(), Reading(trouble="ThrottlingException")
PASS, FAIL, DOUBT = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def seen(check: Check, readings: Sequence[Reading | float]) -> CheckHistory:
    found = CheckHistory()
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
    check: Check, readings: Sequence[Reading | float], verdict: Verdict, reason: str
) -> None:
    judgement = judge(check, seen(check, readings))
    assert judgement.verdict is verdict
    assert reason in judgement.reason


def test_evidence_has_both_sides() -> None:
    evidence = judge(LAG, seen(LAG, [3, 5210])).evidence
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
    judgement = judge(RISING, seen(RISING, readings))
    assert judgement.verdict is verdict
    assert reason in judgement.reason
    assert "baseline" in judgement.evidence


def test_a_finding_says_what_its_number_stands_for() -> None:
    alarms = Check("alarms", max=0)
    found = judge(alarms, take(alarms, CheckHistory(), Reading(2, detail="client-5xx, client-slow")))
    assert (found.verdict, found.check) == (FAIL, "alarms")
    assert found.reason == "alarms 2 > limit 0 (1 bad of 1 readings): client-5xx, client-slow"


def test_a_check_with_an_interval_of_its_own_is_read_in_some_rounds_only() -> None:
    slow, gate = replace(LAG, interval_seconds=90), Gate(interval_seconds=30, bake_minutes=10)
    assert [round_ for round_ in range(1, 8) if gate.due(slow, round_)] == [1, 4, 7]
    assert all(gate.due(LAG, round_) for round_ in range(1, 8))


def test_what_was_seen_travels_from_round_to_round() -> None:
    before = seen(LAG, [3, SILENT, BROKEN])
    assert tally(before.as_dict()) == before
    assert tally(None) == CheckHistory()

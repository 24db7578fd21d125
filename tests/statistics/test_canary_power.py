"""How often the canary's judgements are wrong, on fewer gates; `bench/canary_power.py` measures the same at length."""

from functools import partial
from random import Random

import pytest

from bench.canary_power import GOOD, MAX_FALSE_ALARMS, MIN_POWER, WORSE, share_failed, slow_tenth, some_tenth, steady
from release_engine.significance import quantile


def test_f33_the_simulated_versions_are_as_much_slower_as_they_say() -> None:
    before = quantile(sorted(steady(Random(1), 100_000)), 0.95)  # noqa: S311
    for slower in (slow_tenth, some_tenth, partial(steady, median=130)):
        after = quantile(sorted(slower(Random(2), 100_000)), 0.95)  # noqa: S311
        assert after / before == pytest.approx(1.3, abs=0.03)


def test_f33_of_identical_versions_at_most_one_gate_in_a_hundred_fails() -> None:
    assert share_failed(1000, GOOD, GOOD, seed=1, sizes=(400, 400)) <= MAX_FALSE_ALARMS


@pytest.mark.parametrize("name", ["errors 1% -> 6%", "all 30% slower, sigma 0.5", "slowest tenth 30% slower"])
def test_f33_more_than_nineteen_in_twenty_bad_versions_fail(name: str) -> None:
    assert share_failed(100, *WORSE[name], seed=2) > MIN_POWER


def test_a_gate_that_looks_as_samples_grow_fails_a_bad_version_too() -> None:
    assert share_failed(20, *WORSE["all 30% slower, sigma 0.5"], seed=3, looks=6) > MIN_POWER
    assert share_failed(100, GOOD, GOOD, seed=3, looks=6) <= MAX_FALSE_ALARMS

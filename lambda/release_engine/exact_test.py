"""Exact tests for counts: no variance to estimate, so no errors at all on one side is a count like any other (F33).

Probabilities are summed outwards from the observed count, each from log-gamma: nothing overflows, and counts of 100,000
keep seven digits. Fisher 1935; the two-sided rule is R's `fisher.test`: all outcomes no likelier than the observed one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from math import comb, exp, lgamma, log, log1p
from typing import NamedTuple

_AS_LIKELY = 1e-7  # log-gamma leaves equal probabilities this much apart, at most


def fisher_greater(errors: int, total: int, other_errors: int, other_total: int) -> float:
    """How likely `errors` of `total`, or more, would be if both sides had the same error rate."""
    return _at_least(_hypergeometric(errors, total, other_errors, other_total), errors)


def fisher_two_sided(errors: int, total: int, other_errors: int, other_total: int) -> float:
    """How likely a split at least as lopsided, to either side, would be if both had the same error rate."""
    counts = _hypergeometric(errors, total, other_errors, other_total)
    line = counts.log_chance(errors) + _AS_LIKELY
    rising, falling = range(counts.low, counts.mode), range(counts.mode, counts.high + 1)
    left = bisect_right(rising, line, key=counts.log_chance)
    right = bisect_left(falling, -line, key=lambda count: -counts.log_chance(count))
    return min(1.0, _summed(counts, reversed(rising[:left])) + _summed(counts, falling[right:]))


def binomial_greater(errors: int, total: int, limit: float) -> float:
    """How likely `errors` of `total`, or more, would be if the true error rate were `limit`."""
    _check(errors, total)
    if not 0 < limit < 1:
        raise ValueError(f"limit {limit} is no error rate to test against: it has to be above 0 and below 1")

    def log_chance(count: int) -> float:
        return _log_choose(total, count) + count * log(limit) + (total - count) * log1p(-limit)

    return _at_least(_Counts(0, total, min(int((total + 1) * limit), total), log_chance), errors)


def fewest_to_flag(level: float) -> int:
    """Samples a side below which Fisher's test cannot reach `level`, were all of one side bad and none of the other."""
    size = 1
    while 1 / comb(2 * size, size) > level:
        size += 1
    return size


class _Counts(NamedTuple):
    """A distribution over `low`..`high` that rises up to `mode` and falls from there on."""

    low: int
    high: int
    mode: int
    log_chance: Callable[[int], float]


def _hypergeometric(errors: int, total: int, other_errors: int, other_total: int) -> _Counts:
    _check(errors, total)
    _check(other_errors, other_total)
    bad, everything = errors + other_errors, total + other_total
    all_splits = _log_choose(everything, bad)

    def log_chance(count: int) -> float:
        return _log_choose(total, count) + _log_choose(other_total, bad - count) - all_splits

    mode = (total + 1) * (bad + 1) // (everything + 2)
    return _Counts(max(0, bad - other_total), min(bad, total), mode, log_chance)


def _check(errors: int, total: int) -> None:
    if not (isinstance(errors, int) and isinstance(total, int) and 0 <= errors <= total):
        raise ValueError(f"{errors} errors of {total} requests are no counts: whole numbers, 0 <= errors <= total")


def _at_least(counts: _Counts, count: int) -> float:
    if count > counts.mode:
        return min(1.0, _summed(counts, range(count, counts.high + 1)))
    return max(0.0, 1.0 - _summed(counts, range(count - 1, counts.low - 1, -1)))


def _summed(counts: _Counts, away_from_mode: Iterable[int]) -> float:
    """Stops where the falling terms no longer change the sum."""
    total = 0.0
    for count in away_from_mode:
        term = exp(counts.log_chance(count))
        total += term
        if term <= total * 1e-17:
            break
    return total


def _log_choose(total: int, count: int) -> float:
    return lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)

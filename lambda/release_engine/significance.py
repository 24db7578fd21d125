"""Tests whether one side is worse than the other by more than chance: exact ones for counts, one of ranks for values.

Exact tests for counts: no variance to estimate, so no errors at all on one side is a count like any other (F33).

Probabilities are summed outwards from the observed count, each from log-gamma: nothing overflows, and counts of 100,000
keep seven digits. Fisher 1935; the two-sided rule is R's `fisher.test`: all outcomes no likelier than the observed one.

Mann-Whitney U tests whether one side tends to be larger, whatever the shape of its distribution (F33).

Ranks take the place of values: an outlier weighs no more than any largest value, no variance is estimated that could be
zero, and ties are corrected for. Exact while both sides are small and free of ties, else the normal approximation with
continuity correction (Mann & Whitney 1947; Hollander & Wolfe, "Nonparametric Statistical Methods", 4.1).
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import ceil, comb, erfc, exp, isfinite, lgamma, log, log1p, sqrt
from typing import NamedTuple

_AS_LIKELY = 1e-7  # log-gamma leaves equal probabilities this much apart, at most
EXACT_UP_TO = 20  # samples a side; beyond, the approximation is as good as the exact count


def fisher_greater(errors: int, total: int, other_errors: int, other_total: int) -> float:
    """Return how likely `errors` of `total`, or more, would be if both sides had the same error rate."""
    return _at_least(_hypergeometric(errors, total, other_errors, other_total), errors)


def fisher_two_sided(errors: int, total: int, other_errors: int, other_total: int) -> float:
    """Return how likely a split at least as lopsided, to either side, would be if both had the same error rate."""
    counts = _hypergeometric(errors, total, other_errors, other_total)
    line = counts.log_chance(errors) + _AS_LIKELY
    rising, falling = range(counts.low, counts.mode), range(counts.mode, counts.high + 1)
    left = bisect_right(rising, line, key=counts.log_chance)
    right = bisect_left(falling, -line, key=lambda count: -counts.log_chance(count))
    return min(1.0, _summed(counts, reversed(rising[:left])) + _summed(counts, falling[right:]))


def binomial_greater(errors: int, total: int, limit: float) -> float:
    """Return how likely `errors` of `total`, or more, would be if the true error rate were `limit`."""
    _check(errors, total)
    if not 0 < limit < 1:
        raise ValueError(f"limit {limit} is no error rate to test against: it has to be above 0 and below 1")

    def log_chance(count: int) -> float:
        return _log_choose(total, count) + count * log(limit) + (total - count) * log1p(-limit)

    return _at_least(_Counts(0, total, min(int((total + 1) * limit), total), log_chance), errors)


def fewest_to_flag(level: float) -> int:
    """Return how many samples a side Fisher's test needs for `level` when one side is all bad, the other all good."""
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
    """Sum the chances, up to where falling terms no longer change the sum."""
    total = 0.0
    for count in away_from_mode:
        term = exp(counts.log_chance(count))
        total += term
        if term <= total * 1e-17:
            break
    return total


def _log_choose(total: int, count: int) -> float:
    return lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)


@dataclass(frozen=True)
class RankTest:
    """The result of the test; `u` counts the pairs in which the first side is larger, a tie as half.

    `p_greater` is small when the first side is larger too often for chance.
    """

    u: float
    p_greater: float
    p_two_sided: float
    superiority: float  # the share of such pairs: 0.5 is no difference ("common language" effect size)

    @property
    def rank_biserial(self) -> float:
        """Return the effect from -1 (the first side is always smaller) to 1 (always larger)."""
        return 2 * self.superiority - 1


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> RankTest:
    """Test `first` against `second`. ValueError for an empty side or a value that is not finite: NaN has no rank."""
    ordered, others = _ordered("first", first), _ordered("second", second)
    n1, n2 = len(ordered), len(others)
    u = sum(bisect_left(others, value) + bisect_right(others, value) for value in ordered) / 2
    tied = [count for count in Counter(chain(ordered, others)).values() if count > 1]
    small = max(n1, n2) <= EXACT_UP_TO
    greater, two_sided = _exact(int(u), n1, n2) if small and not tied else _normal(u, n1, n2, tied)
    return RankTest(u, greater, two_sided, u / (n1 * n2))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of sorted values by nearest rank: the smallest that at least `share` of all do not exceed."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


def _ordered(side: str, values: Sequence[float]) -> list[float]:
    if not values:
        raise ValueError(f"the {side} side has no samples: without two sides there is nothing to compare")
    if not all(map(isfinite, values)):
        strange = next(value for value in values if not isfinite(value))
        raise ValueError(f"the {side} side holds {strange}: leave out what is not finite, it proves nothing")
    return sorted(values)


def _exact(u: int, n1: int, n2: int) -> tuple[float, float]:
    orders, total = _orders(n1, n2), comb(n1 + n2, n1)
    greater, less = sum(orders[u:]) / total, sum(orders[: u + 1]) / total
    return greater, min(1.0, 2 * min(greater, less))


@lru_cache(maxsize=EXACT_UP_TO**2)
def _orders(n1: int, n2: int) -> tuple[int, ...]:
    """Count how many orders of n1 + n2 values give each U: these are the coefficients of the Gaussian binomial."""
    counts = [1] + [0] * (n1 * n2)
    for step in range(1, n1 + 1):
        for u in range(n1 * n2, n2 + step - 1, -1):
            counts[u] -= counts[u - n2 - step]
        for u in range(step, n1 * n2 + 1):
            counts[u] += counts[u - step]
    return tuple(counts)


def _normal(u: float, n1: int, n2: int, tied: Sequence[int]) -> tuple[float, float]:
    n = n1 + n2
    ties = sum(count**3 - count for count in tied) / (n * (n - 1))
    deviation = sqrt(max(n1 * n2 * (n + 1 - ties) / 12, 0.0))
    if deviation == 0:  # all values are the same
        return 1.0, 1.0
    above = u - n1 * n2 / 2
    return _upper((above - 0.5) / deviation), min(1.0, 2 * _upper((abs(above) - 0.5) / deviation))


def _upper(z: float) -> float:
    return erfc(z / sqrt(2)) / 2

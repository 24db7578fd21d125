"""Mann-Whitney U: whether one side tends to be larger, whatever the shape of its distribution (F33).

Ranks take the place of values: an outlier weighs no more than any largest value, no variance is estimated that could be
zero, and ties are corrected for. Exact while both sides are small and free of ties, else the normal approximation with
continuity correction (Mann & Whitney 1947; Hollander & Wolfe, "Nonparametric Statistical Methods", 4.1).
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import ceil, comb, erfc, isfinite, sqrt

EXACT_UP_TO = 20  # samples a side; beyond, the approximation is as good as the exact count


@dataclass(frozen=True)
class RankTest:
    """`u` counts the pairs in which the first side is larger, a tie as half; `p_greater` is small when it often is."""

    u: float
    p_greater: float
    p_two_sided: float
    superiority: float  # the share of such pairs: 0.5 is no difference ("common language" effect size)

    @property
    def rank_biserial(self) -> float:
        """-1 (the first side is always smaller) to 1 (always larger)."""
        return 2 * self.superiority - 1


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> RankTest:
    """Tests `first` against `second`. ValueError for an empty side or a value that is not finite: NaN has no rank."""
    one, two = _ordered("first", first), _ordered("second", second)
    u = sum(bisect_left(two, value) + bisect_right(two, value) for value in one) / 2
    tied = [count for count in Counter(chain(one, two)).values() if count > 1]
    small = max(len(one), len(two)) <= EXACT_UP_TO
    greater, both = _exact(int(u), len(one), len(two)) if small and not tied else _normal(u, len(one), len(two), tied)
    return RankTest(u, greater, both, u / (len(one) * len(two)))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest of the sorted values that at least `share` of them do not exceed."""
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
    """How many of the orders of n1 + n2 values give each U: the coefficients of the Gaussian binomial."""
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

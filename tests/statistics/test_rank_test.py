"""Mann-Whitney U, with SciPy as the oracle."""

from collections.abc import Sequence
from math import inf, nan
from random import Random

import pytest
from scipy import stats

from release_engine.significance import mann_whitney, quantile


def drawn(seed: int, size: int, *, median: float = 100, digits: int | None = None) -> list[float]:
    """Log-normal; few digits make ties."""
    random = Random(seed)  # noqa: S311
    return [round(median * random.lognormvariate(0, 0.5), digits) for _ in range(size)]


EXACT = [
    ([1.0], [2.0]),
    ([2.0], [1.0]),
    ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),
    ([7.0, 8.0, 9.0, 10.0, 11.0], [1.0, 2.0, 3.0, 4.0, 5.0]),
    ([1.0, 4.0, 6.0], [2.0, 3.0, 5.0, 7.0]),
    *((drawn(size, size, digits=9), drawn(50 + size, 20, digits=9)) for size in (1, 2, 7, 13, 20)),
]
APPROXIMATE = [
    ([1.0, 1.0, 2.0], [1.0, 2.0, 3.0]),
    ([0.0] * 30 + [1.0], [0.0] * 31),
    ([1.0] * 10, [2.0] * 10),
    (drawn(1, 21, digits=9), drawn(2, 3, digits=9)),
    (drawn(3, 200), drawn(4, 200)),
    (drawn(5, 200, median=130), drawn(6, 1800)),
    (drawn(7, 300, median=2), drawn(8, 300, median=2)),
    (drawn(9, 500, median=130), drawn(10, 500)),
]


@pytest.mark.parametrize(
    ("method", "first", "second"),
    [*(("exact", *case) for case in EXACT), *(("asymptotic", *case) for case in APPROXIMATE)],
)
def test_agrees_with_scipy(method: str, first: Sequence[float], second: Sequence[float]) -> None:
    found = mann_whitney(first, second)
    greater, both = (
        stats.mannwhitneyu(first, second, alternative=alternative, method=method)
        for alternative in ("greater", "two-sided")
    )
    assert found.u == greater.statistic
    assert found.p_greater == pytest.approx(greater.pvalue, rel=1e-9)
    assert found.p_two_sided == pytest.approx(both.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "superiority", "rank_biserial"),
    [
        ([2, 3], [0, 1], 1.0, 1.0),
        ([0, 1], [2, 3], 0.0, -1.0),
        ([1, 2], [1, 2], 0.5, 0.0),
        ([1, 3], [2, 2], 0.5, 0.0),
        ([1, 1, 3, 3], [1, 2], 0.625, 0.25),
    ],
)
def test_effect_is_the_share_of_pairs_in_which_the_first_is_larger(
    first: list[float], second: list[float], superiority: float, rank_biserial: float
) -> None:
    found = mann_whitney(first, second)
    assert (found.superiority, found.rank_biserial) == (superiority, rank_biserial)


def test_f33_without_variance_nothing_is_significant() -> None:
    found = mann_whitney([5.0] * 100, [5.0] * 100)
    assert (found.p_greater, found.p_two_sided, found.superiority) == (1.0, 1.0, 0.5)


def test_f33_the_size_of_an_outlier_changes_nothing() -> None:
    first, second = drawn(1, 100), drawn(2, 100)
    assert mann_whitney([*first, 1e4], second) == mann_whitney([*first, 1e300], second)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ([nan, 1.0], [1.0], "the first side holds nan"),
        ([1.0], [1.0, inf], "the second side holds inf"),
        ([1.0], [-inf], "the second side holds -inf"),
        ([], [1.0], "the first side has no samples"),
        ([1.0], [], "the second side has no samples"),
    ],
)
def test_what_has_no_rank_is_refused(first: list[float], second: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mann_whitney(first, second)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([1.0], 0.95, 1.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 22)), 0.95, 20),
        ([1.0, 2.0], 0.0, 1.0),
        ([1.0, 2.0], 1.0, 2.0),
    ],
)
def test_quantiles_are_values_that_were_seen(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == expected

"""Fisher's test, the binomial test and Mann-Whitney U, with SciPy and whole-number arithmetic as oracles."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import comb, inf, nan
from random import Random

import pytest
from scipy import stats

from release_engine.significance import (
    binomial_greater,
    fewest_to_flag,
    fisher_greater,
    fisher_two_sided,
    mann_whitney,
    quantile,
)

TABLES = [
    (0, 10, 0, 10),
    (10, 10, 0, 10),
    (0, 10, 10, 10),
    (3, 5, 1, 7),
    (1, 1, 0, 1000),
    (12, 200, 2, 200),
    (2, 200, 12, 200),
    (60, 1000, 10, 1000),
    (10, 100, 90, 900),
    (500, 1000, 500, 1000),
    (999, 1000, 990, 1000),
    (140, 10_000, 100, 10_000),
    (1200, 100_000, 1000, 100_000),
    (1, 100_000, 20, 100_000),
    (50_300, 100_000, 49_700, 100_000),
    (99_990, 100_000, 99_970, 100_000),
    (1100, 10_000, 9000, 100_000),
]


@pytest.mark.parametrize("table", TABLES)
def test_fisher_agrees_with_scipy(table: tuple[int, int, int, int]) -> None:
    errors, total, other_errors, other_total = table
    square = [[errors, total - errors], [other_errors, other_total - other_errors]]
    greater = stats.fisher_exact(square, alternative="greater").pvalue
    both = stats.fisher_exact(square, alternative="two-sided").pvalue
    assert fisher_greater(*table) == pytest.approx(greater, rel=1e-6, abs=1e-300)
    assert fisher_two_sided(*table) == pytest.approx(both, rel=1e-6, abs=1e-300)


def test_fisher_agrees_with_whole_numbers_on_every_small_table() -> None:
    for total, other_total in product(range(1, 7), repeat=2):
        for errors, other_errors in product(range(total + 1), range(other_total + 1)):
            bad = errors + other_errors
            chances = {
                count: Fraction(comb(total, count) * comb(other_total, bad - count), comb(total + other_total, bad))
                for count in range(max(0, bad - other_total), min(bad, total) + 1)
            }
            greater = sum(chance for count, chance in chances.items() if count >= errors)
            both = sum(chance for chance in chances.values() if chance <= chances[errors])
            table = (errors, total, other_errors, other_total)
            assert fisher_greater(*table) == pytest.approx(float(greater), rel=1e-9), table
            assert fisher_two_sided(*table) == pytest.approx(float(both), rel=1e-9), table


@pytest.mark.parametrize(
    ("errors", "total", "limit"),
    [
        (0, 100, 0.01),
        (1, 100, 0.01),
        (5, 100, 0.01),
        (100, 100, 0.01),
        (100, 100, 0.999),
        (50, 100, 0.5),
        (1100, 100_000, 0.01),
        (900, 100_000, 0.01),
        (99_950, 100_000, 0.999),
        (0, 0, 0.01),
    ],
)
def test_binomial_agrees_with_scipy(errors: int, total: int, limit: float) -> None:
    expected = stats.binom.sf(errors - 1, total, limit)
    assert binomial_greater(errors, total, limit) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((0, 0, 0, 0), 1.0),
        ((0, 0, 5, 10), 1.0),
        ((5, 10, 0, 0), 1.0),
        ((0, 1000, 0, 1000), 1.0),
        ((100_000, 100_000, 0, 100_000), 0.0),
    ],
)
def test_f33_extremes_are_numbers_too(table: tuple[int, int, int, int], expected: float) -> None:
    assert fisher_greater(*table) == pytest.approx(expected)
    assert fisher_two_sided(*table) == pytest.approx(expected)


@pytest.mark.parametrize("counts", [(-1, 10), (11, 10), (float("nan"), 10), (0.5, 10), (0, -1)])
def test_what_are_no_counts_is_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="are no counts"):
        fisher_greater(*counts, 0, 10)
    with pytest.raises(ValueError, match="are no counts"):
        fisher_two_sided(0, 10, *counts)
    with pytest.raises(ValueError, match="are no counts"):
        binomial_greater(*counts, 0.01)


@pytest.mark.parametrize("limit", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_a_limit_that_nothing_can_be_tested_against_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="no error rate to test against"):
        binomial_greater(1, 10, limit)


@pytest.mark.parametrize(("level", "fewest"), [(0.05, 3), (0.01, 5), (0.004, 5), (0.003, 6)])
def test_below_the_fewest_samples_nothing_can_be_flagged(level: float, fewest: int) -> None:
    assert fewest_to_flag(level) == fewest
    assert fisher_greater(fewest, fewest, 0, fewest) <= level
    assert fisher_greater(fewest - 1, fewest - 1, 0, fewest - 1) > level


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
    result = mann_whitney(first, second)
    greater, both = (
        stats.mannwhitneyu(first, second, alternative=alternative, method=method)
        for alternative in ("greater", "two-sided")
    )
    assert result.u == greater.statistic
    assert result.p_greater == pytest.approx(greater.pvalue, rel=1e-9)
    assert result.p_two_sided == pytest.approx(both.pvalue, rel=1e-9)


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
    result = mann_whitney(first, second)
    assert (result.superiority, result.rank_biserial) == (superiority, rank_biserial)


def test_f33_without_variance_nothing_is_significant() -> None:
    result = mann_whitney([5.0] * 100, [5.0] * 100)
    assert (result.p_greater, result.p_two_sided, result.superiority) == (1.0, 1.0, 0.5)


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

"""Fisher's test and the binomial test, with SciPy and whole-number arithmetic as oracles."""

from fractions import Fraction
from itertools import product
from math import comb

import pytest
from scipy import stats

from release_engine.significance import binomial_greater, fewest_to_flag, fisher_greater, fisher_two_sided

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

"""Judges a canary against a baseline that served users at the same time.

FAIL needs proof (the difference is significant) and harm (it is larger than a tolerance); PASS needs enough samples
for harm to have shown; all else is INCONCLUSIVE (F14, F33, F34). By construction an identical version fails at most
`ERROR_LEVEL + LATENCY_LEVEL` = 0.6% of gates; `python -m bench.canary_power` measures this, and the power.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from release_engine.significance import fewest_to_flag, fisher_greater, mann_whitney, quantile
from release_engine.verdict import Judgement, Verdict

ENOUGH = 1_000  # samples a side for a PASS: then over 95% of what each judge promises to see shows
FEWEST_LATENCIES = 100  # a side for any verdict: below, ties make the rank test's approximation too rash
ERROR_LEVEL = 0.003  # one-sided. Fisher's test reaches it from 6 requests a side (`fewest_to_flag`)
LATENCY_LEVEL = 0.003  # one-sided, for both tests of latencies together
RANK_SHARE = 0.25  # of that level; the rank test has power to spare, the slowest twentieth of the samples has not
SLOW = 0.95  # the quantile that users complain about
ERROR_TOLERANCE = 0.01  # one percentage point more errors is no reason to roll back
LATENCY_TOLERANCE = 0.10  # nor are 10% ...
HARMLESS_MS = 5.0  # ... nor so little: two tasks of one image differ by more than chance, each being on its own CPU
RESOLUTION_MS = 1.0  # of what counts the milliseconds: no share is taken of less
_DIGITS = 12  # of what is kept: no number too small for DynamoDB
UNUSABLE = 0.01  # share of latencies that may be missing: what never answered has none, and was the slowest


def judge_errors(
    check: str,
    canary: tuple[int, int],
    baseline: tuple[int, int],
    *,
    tolerance: float = ERROR_TOLERANCE,
    enough: int = ENOUGH,
    looks: int = 1,
) -> Judgement:
    """Compare the canary's (errors, total) with those of the baseline.

    At `ENOUGH` a side, over 95% of rises by 5 points show (baseline errors up to 4%).

    Fewer than `enough` samples a side never PASS, and neither do so few that no count of them could FAIL.
    `looks`: how often the same growing counts are judged until the first FAIL; each look gets its part of the level.
    """
    p_value, level = fisher_greater(*canary, *baseline), ERROR_LEVEL / looks
    sizes = _Sizes(canary[1], baseline[1], max(enough, fewest_to_flag(level)))
    if not min(sizes.canary, sizes.baseline):
        return _no_data(check, sizes)
    observed, usual = canary[0] / canary[1], baseline[0] / baseline[1]
    rise = observed - usual
    comparison = f"{check} {observed:.1%} against baseline {usual:.1%}, tolerance {tolerance:.1%}"
    worse = p_value <= level and rise > tolerance
    return _judgement(check, comparison, worse, sizes, _numbers(observed, usual, sizes, p_value, rise))


def judge_latencies(
    check: str,
    canary: Sequence[float],
    baseline: Sequence[float],
    *,
    tolerance: float = LATENCY_TOLERANCE,
    harmless_ms: float = HARMLESS_MS,
    enough: int = ENOUGH,
    looks: int = 1,
) -> Judgement:
    """Compare latencies in milliseconds: by ranks (all got slower) and by the share of slow ones (only the tail did).

    At `ENOUGH` a side, over 95% of rises of p95 by 30% show, be it that all requests got slower (log-normal, sigma up
    to 1), the slowest tenth, or a tenth at random (both: sigma up to 0.5); a rise within `tolerance` or within
    `harmless_ms` is none. NaN, infinite and negative values prove nothing: they are left out, and too many of them
    forbid a PASS. `enough`, `looks`: see `judge_errors`.
    """
    new, former = _usable(canary), _usable(baseline)
    missing = _missing(canary, new) or _missing(baseline, former)
    sizes = _Sizes(len(new), len(former), max(enough, FEWEST_LATENCIES), missing)
    if not new or not former:
        return _no_data(check, sizes)
    p_value = _p_value(new, former)
    observed, usual, median, usual_median = (quantile(side, share) for share in (SLOW, 0.5) for side in (new, former))
    rise = max(_rise(observed, usual, harmless_ms), _rise(median, usual_median, harmless_ms))
    comparison = (
        f"{check} p95 {observed:g} ms against baseline {usual:g} ms, "
        f"median {median:g} ms against {usual_median:g} ms, tolerance {tolerance:.0%} and {harmless_ms:g} ms"
    )
    proven = min(len(new), len(former)) >= FEWEST_LATENCIES and p_value <= LATENCY_LEVEL / looks
    worse = proven and rise > tolerance
    return _judgement(check, comparison, worse, sizes, _numbers(observed, usual, sizes, p_value, rise))


class _Sizes(NamedTuple):
    canary: int
    baseline: int
    enough: int
    missing: bool = False

    def __str__(self) -> str:
        return f"{self.canary} and {self.baseline} samples"


def _judgement(check: str, comparison: str, worse: bool, sizes: _Sizes, numbers: dict[str, float]) -> Judgement:
    basis, verdict = f"({sizes}, {_probability(numbers['p_value'])})", Verdict.INCONCLUSIVE
    if worse:
        verdict, result = Verdict.FAIL, "worse"
    elif min(sizes.canary, sizes.baseline) < sizes.enough:
        result = f"fewer than {sizes.enough} a side"
    elif sizes.missing:
        result = f"over {UNUSABLE:.0%} unusable"
    else:
        verdict, result = Verdict.PASS, "not worse"
    return Judgement(verdict, f"{comparison}: {result} {basis}", check, numbers)


def _probability(p_value: float) -> str:
    """Word the p-value; a zero means less than the `_DIGITS` digits that are kept can show."""
    return f"p {p_value:.2g}" if p_value else f"p < 1e-{_DIGITS}"


def _no_data(check: str, sizes: _Sizes) -> Judgement:
    silent = " and ".join(name for name in ("canary", "baseline") if not getattr(sizes, name))
    numbers = {"samples": sizes.canary, "baseline_samples": sizes.baseline}
    return Judgement(Verdict.INCONCLUSIVE, f"{check}: no data from the {silent} ({sizes})", check, numbers)


def _numbers(observed: float, usual: float, sizes: _Sizes, p_value: float, effect: float) -> dict[str, float]:
    """Return the evidence as the ledger can keep it: finite, and no number too small for DynamoDB."""
    return {
        "observed": observed,
        "baseline": usual,
        "samples": sizes.canary,
        "baseline_samples": sizes.baseline,
        "p_value": round(p_value, _DIGITS),
        "effect": round(effect, _DIGITS),
    }


def _usable(latencies: Sequence[float]) -> list[float]:
    return sorted(value for value in latencies if isfinite(value) and value >= 0)


def _missing(latencies: Sequence[float], usable: Sequence[float]) -> bool:
    return len(latencies) - len(usable) > UNUSABLE * len(latencies)


def _rise(observed: float, usual: float, harmless_ms: float) -> float:
    """Return the rise as a share of the usual value; a difference within `harmless_ms` is none."""
    return (observed - usual) / max(usual, RESOLUTION_MS) if abs(observed - usual) > harmless_ms else 0.0


def _p_value(new: Sequence[float], former: Sequence[float]) -> float:
    """Return the better of two tests, each at its share of the level (weighted Bonferroni)."""
    ranks = mann_whitney(new, former).p_greater / RANK_SHARE
    slow, slow_before = _slow(new, former)
    return min(1.0, ranks, fisher_greater(slow, len(new), slow_before, len(former)) / (1 - RANK_SHARE))


def _slow(new: Sequence[float], former: Sequence[float]) -> tuple[int, int]:
    """Count each side's samples among the slowest twentieth of both.

    The cut is where both sides agree on it, so the test stays exact.
    """
    pooled = sorted([*new, *former])
    cut, aim = quantile(pooled, SLOW), SLOW * len(pooled)
    above = bisect_right if bisect_right(pooled, cut) - aim <= aim - bisect_left(pooled, cut) else bisect_left
    return len(new) - above(new, cut), len(former) - above(former, cut)

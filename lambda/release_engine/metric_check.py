"""Checks of metrics: what the components report of themselves, held against a limit.

A reading over the limit, a reading that could not be taken, and a reading without data are three different things, each
with its own tolerance. No data never passes (F34).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from release_engine.verdict import Judgement, Verdict


@dataclass(frozen=True)
class MetricCheck:
    """One metric of CloudWatch; `limit` is the largest good value, or the smallest if `at_least`.

    `every` says in how many rounds of the gate it is read once.
    """

    name: str
    metric: str
    statistic: str
    limit: float
    unit: str = ""
    at_least: bool = False
    every: int = 1
    min_samples: int = 3
    max_failures: int = 0
    max_errors_in_a_row: int = 3
    max_inconclusive: int = 10


@dataclass(frozen=True)
class Reading:
    """`value` None: there was no data; `trouble`: it could not be taken."""

    value: float | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Tally:
    """The readings of one check so far. `worst` is the value farthest on the wrong side."""

    samples: int = 0
    failures: int = 0
    inconclusive: int = 0
    errors_in_a_row: int = 0
    most_errors_in_a_row: int = 0
    worst: float | None = None
    trouble: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it travels from one round to the next."""
        return dict(self.__dict__)


def tally(values: Mapping[str, Any] | None) -> Tally:
    """The reverse of `as_dict`."""
    return Tally(**(values or {}))


def due(check: MetricCheck, round_: int) -> bool:
    """Whether the check is read in this round; the first is number 1."""
    return (round_ - 1) % check.every == 0


def take(check: MetricCheck, before: Tally, reading: Reading) -> Tally:
    """One more reading."""
    if reading.trouble:
        errors = before.errors_in_a_row + 1
        most = max(errors, before.most_errors_in_a_row)
        return replace(before, errors_in_a_row=errors, most_errors_in_a_row=most, trouble=reading.trouble)
    if reading.value is None:
        return replace(before, errors_in_a_row=0, inconclusive=before.inconclusive + 1)
    return replace(
        before,
        errors_in_a_row=0,
        samples=before.samples + 1,
        failures=before.failures + (not _good(check, reading.value)),
        worst=_worse(check, before.worst, reading.value),
    )


def judge(check: MetricCheck, seen: Tally) -> Judgement:
    """FAIL on more bad readings than it tolerates; doubt on too few, or on too many that were none."""
    numbers = {"observed": seen.worst, "limit": check.limit, "samples": seen.samples, "failures": seen.failures}
    verdict, reason = _found(check, seen)
    return Judgement(verdict, f"{check.name} {reason}", check.name, numbers)


def _found(check: MetricCheck, seen: Tally) -> tuple[Verdict, str]:
    doubt = Verdict.INCONCLUSIVE
    if seen.failures > check.max_failures:
        return Verdict.FAIL, _compared(check, seen)
    if seen.most_errors_in_a_row > check.max_errors_in_a_row:
        return doubt, f"could not be read {seen.most_errors_in_a_row} times in a row: {seen.trouble}"
    if seen.inconclusive > check.max_inconclusive:
        return doubt, f"had no data in {seen.inconclusive} readings, tolerated are {check.max_inconclusive}"
    if seen.samples < check.min_samples:
        return doubt, f"has {seen.samples} readings with data < minimum {check.min_samples}"
    return Verdict.PASS, _compared(check, seen)


def _compared(check: MetricCheck, seen: Tally) -> str:
    """Both sides, and which way round."""
    good = seen.worst is not None and _good(check, seen.worst)
    sign = (">=" if good else "<") if check.at_least else ("<=" if good else ">")
    unit = f" {check.unit}" if check.unit else ""
    readings = f"{seen.failures} bad of {seen.samples} readings"
    return f"{_number(seen.worst)}{unit} {sign} limit {_number(check.limit)}{unit} ({readings})"


def _good(check: MetricCheck, value: float) -> bool:
    return value >= check.limit if check.at_least else value <= check.limit


def _worse(check: MetricCheck, known: float | None, value: float) -> float:
    if known is None:
        return value
    return min(known, value) if check.at_least else max(known, value)


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:g}"

"""Checks that are read once a round: a number, held against a limit or against what was usual before.

A reading on the wrong side, a reading that could not be taken, and a reading without data are three different things,
each with its own tolerance. No data never passes (F34).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from release_engine.gate_limits import Check
from release_engine.verdict import Judgement, Verdict


@dataclass(frozen=True)
class Reading:
    """`value` None: there was no data; `trouble`: it could not be taken; `detail`: what the number stands for."""

    value: float | None = None
    trouble: str = ""
    usual: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class CheckHistory:
    """The readings so far. `worst` is the value farthest on the wrong side, `limit` and `usual` belong to it."""

    samples: int = 0
    failures: int = 0
    inconclusive: int = 0
    errors_in_a_row: int = 0
    most_errors_in_a_row: int = 0
    worst: float | None = None
    limit: float | None = None
    usual: float | None = None
    detail: str = ""
    trouble: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it travels from one round to the next."""
        return dict(self.__dict__)


def tally(values: Mapping[str, Any] | None) -> CheckHistory:
    """The reverse of `as_dict`."""
    return CheckHistory(**(values or {}))


def take(check: Check, before: CheckHistory, reading: Reading) -> CheckHistory:
    """One more reading."""
    if reading.trouble:
        errors = before.errors_in_a_row + 1
        most = max(errors, before.most_errors_in_a_row)
        return replace(before, errors_in_a_row=errors, most_errors_in_a_row=most, trouble=reading.trouble)
    if reading.value is None:
        return replace(before, errors_in_a_row=0, inconclusive=before.inconclusive + 1)
    limit = _limit(check, reading)
    after = replace(
        before,
        errors_in_a_row=0,
        samples=before.samples + 1,
        failures=before.failures + (not _good(check, reading.value, limit)),
    )
    if before.worst is not None and not _worse(check, before.worst, reading.value):
        return after
    return replace(after, worst=reading.value, limit=limit, usual=reading.usual, detail=reading.detail)


def judge(check: Check, seen: CheckHistory) -> Judgement:
    """FAIL on more bad readings than it tolerates; doubt on too few, or on too many that were none."""
    numbers: dict[str, Any] = {
        "observed": seen.worst,
        "limit": check.limit if seen.limit is None else seen.limit,
        "samples": seen.samples,
        "failures": seen.failures,
    }
    numbers |= {"baseline": seen.usual} if check.max_rise is not None else {}
    verdict, reason = _found(check, seen)
    return Judgement(verdict, f"{check.title} {reason}", check.title, numbers)


def _found(check: Check, seen: CheckHistory) -> tuple[Verdict, str]:
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


def _compared(check: Check, seen: CheckHistory) -> str:
    """Both sides, which way round, and what the number stands for."""
    limit = check.limit if seen.limit is None else seen.limit
    good = seen.worst is not None and _good(check, seen.worst, limit)
    sign = (">=" if good else "<") if check.at_least else ("<=" if good else ">")
    unit = f" {check.unit}" if check.unit else ""
    usual = "" if seen.usual is None else f", {check.max_rise:.0%} over the usual {_number(seen.usual)}{unit}"
    readings = f"{seen.failures} bad of {seen.samples} readings"
    detail = "" if good or not seen.detail else f": {seen.detail}"
    return f"{_number(seen.worst)}{unit} {sign} limit {_number(limit)}{unit}{usual} ({readings}){detail}"


def _limit(check: Check, reading: Reading) -> float:
    """Where nothing usual is known, for the former version did not report it yet, the limit alone must do."""
    if check.max_rise is None or reading.usual is None:
        return check.limit
    return max(check.limit, reading.usual * (1 + check.max_rise))


def _good(check: Check, value: float, limit: float) -> bool:
    return value >= limit if check.at_least else value <= limit


def _worse(check: Check, known: float, value: float) -> bool:
    return value < known if check.at_least else value > known


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"

"""Judges checks, numbers that are read once a round and held against a limit or against what was usual before.

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
    """One value of a check, None when there was no data.

    `trouble` says why it could not be taken, `usual` is the value before the release, `detail` what the number counts.
    """

    value: float | None = None
    trouble: str = ""
    usual: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class CheckHistory:
    """The readings of a check so far; `worst` is the value farthest on the wrong side, with its `limit` and `usual`."""

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
        """Return the history as the state of the machine holds it; `tally` is the reverse."""
        return dict(self.__dict__)


def tally(values: Mapping[str, Any] | None) -> CheckHistory:
    """Return the history that `as_dict` has written down; None gives an empty one."""
    return CheckHistory(**(values or {}))


def take(check: Check, before: CheckHistory, reading: Reading) -> CheckHistory:
    """Return the history with one reading more."""
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


def judge(check: Check, history: CheckHistory) -> Judgement:
    """FAIL more bad readings than are tolerated; INCONCLUSIVE when there are too few, or too many without data."""
    numbers: dict[str, Any] = {
        "observed": history.worst,
        "limit": check.limit if history.limit is None else history.limit,
        "samples": history.samples,
        "failures": history.failures,
    }
    numbers |= {"baseline": history.usual} if check.max_rise is not None else {}
    verdict, reason = _verdict(check, history)
    return Judgement(verdict, f"{check.title} {reason}", check.title, numbers)


def _verdict(check: Check, history: CheckHistory) -> tuple[Verdict, str]:
    doubt = Verdict.INCONCLUSIVE
    if history.failures > check.max_failures:
        return Verdict.FAIL, _compared(check, history)
    if history.most_errors_in_a_row > check.max_errors_in_a_row:
        return doubt, f"could not be read {history.most_errors_in_a_row} times in a row: {history.trouble}"
    if history.inconclusive > check.max_inconclusive:
        return doubt, f"had no data in {history.inconclusive} readings, tolerated are {check.max_inconclusive}"
    if history.samples < check.min_samples:
        return doubt, f"has {history.samples} readings with data < minimum {check.min_samples}"
    return Verdict.PASS, _compared(check, history)


def _compared(check: Check, history: CheckHistory) -> str:
    """Word the comparison: value and limit, which is larger, and what the number counts."""
    limit = check.limit if history.limit is None else history.limit
    good = history.worst is not None and _good(check, history.worst, limit)
    sign = (">=" if good else "<") if check.at_least else ("<=" if good else ">")
    unit = f" {check.unit}" if check.unit else ""
    usual = "" if history.usual is None else f", {check.max_rise:.0%} over the usual {_number(history.usual)}{unit}"
    readings = f"{history.failures} bad of {history.samples} readings"
    detail = "" if good or not history.detail else f": {history.detail}"
    return f"{_number(history.worst)}{unit} {sign} limit {_number(limit)}{unit}{usual} ({readings}){detail}"


def _limit(check: Check, reading: Reading) -> float:
    """Return the limit; it stands alone where the former version did not report the number yet."""
    if check.max_rise is None or reading.usual is None:
        return check.limit
    return max(check.limit, reading.usual * (1 + check.max_rise))


def _good(check: Check, value: float, limit: float) -> bool:
    return value >= limit if check.at_least else value <= limit


def _worse(check: Check, worst: float, value: float) -> bool:
    return value < worst if check.at_least else value > worst


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"

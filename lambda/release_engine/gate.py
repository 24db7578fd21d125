"""Judges what probes saw. A bad answer, an answer that could not be taken, and too few of them are three things."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from release_engine.gate_limits import Gate, Probe
from release_engine.samples import ProbeResults
from release_engine.verdict import Judgement, Verdict

HOLD = 2  # an inconclusive gate goes on for this many times its rounds before it gives up (F14)


def judge(service: str, seen: ProbeResults, limits: Probe) -> list[Judgement]:
    """Every check of one probed service."""
    return [
        _digest(service, seen),
        _readiness(service, seen, limits),
        _errors(service, seen, limits),
        _latency(service, seen, limits),
        _untaken(service, seen, limits),
    ]


def concluded(verdict: Verdict, done: int, limits: Gate) -> bool:
    """Whether the bake is over after `done` rounds: a FAIL ends it at once, doubt prolongs it."""
    if verdict is Verdict.FAIL:
        return True
    return done >= (limits.rounds if verdict is Verdict.PASS else HOLD * limits.rounds)


def percentile(latencies_ms: Sequence[int], percent: float) -> int:
    """Nearest rank: the smallest value that at least `percent` of them do not exceed."""
    return sorted(latencies_ms)[ceil(percent * len(latencies_ms) / 100) - 1]


def _digest(service: str, seen: ProbeResults) -> Judgement:
    check = f"{service} digest"
    if seen.other_digests:
        return Judgement(Verdict.FAIL, f"{service} is answered by {', '.join(seen.other_digests)} as well", check)
    if not seen.readings:
        return Judgement(Verdict.INCONCLUSIVE, f"{service} never told its digest", check)
    return Judgement(Verdict.PASS, f"{service} runs the digest ({seen.readings} readings)", check)


def _readiness(service: str, seen: ProbeResults, limits: Probe) -> Judgement:
    count = _Count(seen.unready, seen.readings, 1, "readings")
    return _share(f"{service} unready", count, limits.max_error_rate, seen)


def _errors(service: str, seen: ProbeResults, limits: Probe) -> Judgement:
    count = _Count(seen.errors, seen.samples, limits.min_samples, "samples")
    return _share(f"{service} errors", count, limits.max_error_rate, seen)


class _Count(NamedTuple):
    bad: int
    total: int
    least: int
    unit: str


def _share(check: str, count: _Count, limit: float, seen: ProbeResults) -> Judgement:
    """Fails early too: when the share would be over the limit even if all samples that are still to come are good."""
    bad, total, least, unit = count
    numbers = {"observed": bad / total if total else None, "limit": limit, "samples": total}
    if total and bad / max(total, least) > limit:
        said = f"{check} {bad / total:.1%} > limit {limit:.1%} ({total} {unit})"
        return Judgement(Verdict.FAIL, said, check, {**numbers, "troubles": list(seen.troubles)})
    if total < least:
        return Judgement(Verdict.INCONCLUSIVE, f"{check}: {total} {unit} < minimum {least}", check, numbers)
    return Judgement(Verdict.PASS, f"{check} {bad / total:.1%} <= limit {limit:.1%} ({total} {unit})", check, numbers)


def _latency(service: str, seen: ProbeResults, limits: Probe) -> Judgement:
    check, count = f"{service} p{limits.percentile:g}", len(seen.latencies_ms)
    if count < limits.min_samples:
        return Judgement(Verdict.INCONCLUSIVE, f"{check}: {count} samples < minimum {limits.min_samples}", check)
    observed, limit = percentile(seen.latencies_ms, limits.percentile), limits.max_ms
    slow = observed > limit
    said = f"{check} {observed} ms {'>' if slow else '<='} limit {limit:g} ms ({count} samples)"
    numbers = {"observed": observed, "limit": limit, "samples": count}
    return Judgement(Verdict.FAIL if slow else Verdict.PASS, said, check, numbers)


def _untaken(service: str, seen: ProbeResults, limits: Probe) -> Judgement:
    """A request that could not be taken says nothing about the version, and nothing is no health."""
    asked = seen.samples + seen.readings + seen.untaken
    share, check = seen.untaken / asked if asked else 1.0, f"{service} reached"
    numbers = {"observed": share, "limit": limits.max_error_rate, "samples": asked, "troubles": list(seen.troubles)}
    said, doubt = f"{service}: {seen.untaken} of {asked} requests could not be taken", Verdict.INCONCLUSIVE
    if seen.most_failed_in_a_row > limits.max_errors_in_a_row:
        said = f"{said}, in {seen.most_failed_in_a_row} rounds in a row, tolerated are {limits.max_errors_in_a_row}"
        return Judgement(doubt, said, check, numbers)
    if seen.empty_rounds > limits.max_inconclusive:
        said = f"{service}: nobody to ask in {seen.empty_rounds} rounds, tolerated are {limits.max_inconclusive}"
        return Judgement(doubt, said, check, numbers)
    if share > limits.max_error_rate:
        return Judgement(doubt, said, check, numbers)
    return Judgement(Verdict.PASS, f"{service}: {asked - seen.untaken} of {asked} requests taken", check, numbers)

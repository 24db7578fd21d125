"""Adds up over rounds what the probes of one service saw, and judges it.

A bad answer, an answer that could not be taken, and too few of them are three things.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, NamedTuple

from release_engine.gate_limits import Gate, Probe
from release_engine.verdict import Judgement, Verdict

_KEPT = 5  # distinct troubles that are kept as evidence


@dataclass(frozen=True)
class Answer:
    """The answer to one request.

    `status` is None when the request could not be taken, which is no bad answer, and 0 when it was taken and nobody
    answered it.
    """

    address: str
    status: int | None
    milliseconds: int = 0
    body: Mapping[str, Any] | None = None
    trouble: str = ""


@dataclass(frozen=True)
class ProbeResults:
    """What the probes of one service saw so far.

    `readings` and `unready` count the answers in depth, `samples` and `errors` the user-like ones, `untaken` both.
    `failed_in_a_row` counts the last rounds in which too much could not be taken, `most_failed_in_a_row` the longest
    such row, and `empty_rounds` those in which there was nobody to ask.
    """

    samples: int = 0
    errors: int = 0
    untaken: int = 0
    failed_in_a_row: int = 0
    most_failed_in_a_row: int = 0
    empty_rounds: int = 0
    readings: int = 0
    unready: int = 0
    latencies_ms: tuple[int, ...] = ()
    other_digests: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the results as the state of the machine holds them; `seen` is the reverse."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def seen(values: Mapping[str, Any] | None) -> ProbeResults:
    """Return the results that `as_dict` has written down; None gives those of no round."""
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in (values or {}).items()
    }
    return ProbeResults(**fields)


def add(
    before: ProbeResults, *, samples: Iterable[Answer], readings: Iterable[Answer], digest: str, probe: Probe
) -> ProbeResults:
    """Return the results with one round more, of a service that ought to run `digest`."""
    shallow, deep = list(samples), list(readings)
    taken = [answer for answer in shallow if answer.status is not None]
    taken_deep = [answer for answer in deep if answer.status is not None]
    others = {_digest_told(answer) for answer in taken_deep} - {digest, ""}
    troubles = [_trouble(answer) for answer in shallow if not good(answer, probe.statuses)]
    troubles += [_trouble(answer) for answer in deep if not ready(answer, probe.body)]
    total = len(shallow) + len(deep)
    lost = total - len(taken) - len(taken_deep)
    in_a_row = before.failed_in_a_row + 1 if total and lost / total > probe.max_error_rate else 0
    return ProbeResults(
        samples=before.samples + len(taken),
        errors=before.errors + sum(not good(answer, probe.statuses) for answer in taken),
        untaken=before.untaken + lost,
        failed_in_a_row=in_a_row,
        most_failed_in_a_row=max(in_a_row, before.most_failed_in_a_row),
        empty_rounds=before.empty_rounds + (not total),
        readings=before.readings + len(taken_deep),
        unready=before.unready + sum(not ready(answer, probe.body) for answer in taken_deep),
        latencies_ms=before.latencies_ms + tuple(answer.milliseconds for answer in taken),
        other_digests=tuple(sorted({*before.other_digests, *others})),
        troubles=tuple(dict.fromkeys((*before.troubles, *troubles)))[:_KEPT],
    )


def good(answer: Answer, statuses: tuple[int, int]) -> bool:
    """Tell whether a user would call the answer good: its status is in the range."""
    return answer.status is not None and statuses[0] <= answer.status <= statuses[1]


def ready(answer: Answer, fields: Mapping[str, Any]) -> bool:
    """Tell whether an answer in depth is good: 200, and the body says so too. A silent body proves nothing (F12)."""
    confirmed = all(_field(answer.body, name) == value for name, value in fields.items())
    return answer.status == 200 and confirmed and bool(_digest_told(answer))


def _field(body: Any, name: str) -> Any:
    """Return the field of a dotted name such as `checks.assets`; None when it is not there."""
    for part in name.split("."):
        body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _digest_told(answer: Answer) -> str:
    return str((answer.body or {}).get("digest") or "")


def _trouble(answer: Answer) -> str:
    checks = (answer.body or {}).get("checks")
    failing = [name for name, state in checks.items() if state != "ok"] if isinstance(checks, Mapping) else []
    causes = f": not ok: {', '.join(sorted(failing))}" if failing else ""
    return f"{answer.address} {answer.trouble or f'answered {answer.status}'}{causes}"


HOLD = 2  # an inconclusive gate goes on for this many times its rounds before it gives up (F14)


def judge(service: str, seen: ProbeResults, limits: Probe) -> list[Judgement]:
    """Judge one probed service by its digest, readiness, errors, latency, and how many requests were taken."""
    return [
        _digest(service, seen),
        _readiness(service, seen, limits),
        _errors(service, seen, limits),
        _latency(service, seen, limits),
        _untaken(service, seen, limits),
    ]


def concluded(verdict: Verdict, done: int, limits: Gate) -> bool:
    """Tell whether the bake is over after `done` rounds: a FAIL ends it at once, doubt prolongs it."""
    if verdict is Verdict.FAIL:
        return True
    return done >= (limits.rounds if verdict is Verdict.PASS else HOLD * limits.rounds)


def percentile(latencies_ms: Sequence[int], percent: float) -> int:
    """Return the percentile by nearest rank: the smallest value that at least `percent` of all do not exceed."""
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
    """Judge a share, and FAIL early: when it would be over the limit even if all samples that are to come were good."""
    bad, total, least, unit = count
    numbers = {"observed": bad / total if total else None, "limit": limit, "samples": total}
    if total and bad / max(total, least) > limit:
        reason = f"{check} {bad / total:.1%} > limit {limit:.1%} ({total} {unit})"
        return Judgement(Verdict.FAIL, reason, check, {**numbers, "troubles": list(seen.troubles)})
    if total < least:
        return Judgement(Verdict.INCONCLUSIVE, f"{check}: {total} {unit} < minimum {least}", check, numbers)
    return Judgement(Verdict.PASS, f"{check} {bad / total:.1%} <= limit {limit:.1%} ({total} {unit})", check, numbers)


def _latency(service: str, seen: ProbeResults, limits: Probe) -> Judgement:
    check, count = f"{service} p{limits.percentile:g}", len(seen.latencies_ms)
    if count < limits.min_samples:
        return Judgement(Verdict.INCONCLUSIVE, f"{check}: {count} samples < minimum {limits.min_samples}", check)
    observed, limit = percentile(seen.latencies_ms, limits.percentile), limits.max_ms
    slow = observed > limit
    reason = f"{check} {observed} ms {'>' if slow else '<='} limit {limit:g} ms ({count} samples)"
    numbers = {"observed": observed, "limit": limit, "samples": count}
    return Judgement(Verdict.FAIL if slow else Verdict.PASS, reason, check, numbers)


def _untaken(service: str, seen: ProbeResults, limits: Probe) -> Judgement:
    """Doubt a version of which too much could not be asked: nothing is said of it then, and silence is not health."""
    total = seen.samples + seen.readings + seen.untaken
    share, check = seen.untaken / total if total else 1.0, f"{service} reached"
    numbers = {"observed": share, "limit": limits.max_error_rate, "samples": total, "troubles": list(seen.troubles)}
    reason, doubt = f"{service}: {seen.untaken} of {total} requests could not be taken", Verdict.INCONCLUSIVE
    if seen.most_failed_in_a_row > limits.max_errors_in_a_row:
        reason = f"{reason}, in {seen.most_failed_in_a_row} rounds in a row, tolerated are {limits.max_errors_in_a_row}"
        return Judgement(doubt, reason, check, numbers)
    if seen.empty_rounds > limits.max_inconclusive:
        reason = f"{service}: nobody to ask in {seen.empty_rounds} rounds, tolerated are {limits.max_inconclusive}"
        return Judgement(doubt, reason, check, numbers)
    if share > limits.max_error_rate:
        return Judgement(doubt, reason, check, numbers)
    return Judgement(Verdict.PASS, f"{service}: {total - seen.untaken} of {total} requests taken", check, numbers)

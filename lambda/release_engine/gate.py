"""What probes of one service saw, added up over rounds, and the judgement of it.

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
    """One request. `status` None: it could not be taken, which is no bad answer; 0: it was, and nobody answered."""

    address: str
    status: int | None
    milliseconds: int = 0
    body: Mapping[str, Any] | None = None
    trouble: str = ""


@dataclass(frozen=True)
class ProbeResults:
    """`readings` and `unready` count the answers in depth, `samples` and `errors` the user-like ones.

    Of the rounds: `failed_in_a_row`, up to now, in which too much could not be taken; the longest such row; and
    `empty_rounds`, in which there was nobody to ask.
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
        """As it travels from one round to the next."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def seen(values: Mapping[str, Any] | None) -> ProbeResults:
    """The reverse of `as_dict`; nothing seen yet when there is nothing."""
    known: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in (values or {}).items()
    }
    return ProbeResults(**known)


def add(
    before: ProbeResults, *, samples: Iterable[Answer], readings: Iterable[Answer], digest: str, probe: Probe
) -> ProbeResults:
    """One more round of the service that ought to run `digest`."""
    asked, deep = list(samples), list(readings)
    taken = [answer for answer in asked if answer.status is not None]
    told = [answer for answer in deep if answer.status is not None]
    others = {_digest_told(answer) for answer in told} - {digest, ""}
    troubles = [_trouble(answer) for answer in asked if not good(answer, probe.statuses)]
    troubles += [_trouble(answer) for answer in deep if not ready(answer, probe.body)]
    lost, total = len(asked) - len(taken) + len(deep) - len(told), len(asked) + len(deep)
    in_a_row = before.failed_in_a_row + 1 if total and lost / total > probe.max_error_rate else 0
    return ProbeResults(
        samples=before.samples + len(taken),
        errors=before.errors + sum(not good(answer, probe.statuses) for answer in taken),
        untaken=before.untaken + lost,
        failed_in_a_row=in_a_row,
        most_failed_in_a_row=max(in_a_row, before.most_failed_in_a_row),
        empty_rounds=before.empty_rounds + (not total),
        readings=before.readings + len(told),
        unready=before.unready + sum(not ready(answer, probe.body) for answer in told),
        latencies_ms=before.latencies_ms + tuple(answer.milliseconds for answer in taken),
        other_digests=tuple(sorted({*before.other_digests, *others})),
        troubles=tuple(dict.fromkeys((*before.troubles, *troubles)))[:_KEPT],
    )


def good(answer: Answer, statuses: tuple[int, int]) -> bool:
    """As a user would see it."""
    return answer.status is not None and statuses[0] <= answer.status <= statuses[1]


def ready(answer: Answer, fields: Mapping[str, Any]) -> bool:
    """In depth: 200, and the body says so too. A body that says nothing proves nothing (F12)."""
    told = all(_field(answer.body, name) == value for name, value in fields.items())
    return answer.status == 200 and told and bool(_digest_told(answer))


def _field(body: Any, name: str) -> Any:
    """Of `checks.assets` what stands there; None when nothing does."""
    for part in name.split("."):
        body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _digest_told(answer: Answer) -> str:
    return str((answer.body or {}).get("digest") or "")


def _trouble(answer: Answer) -> str:
    checks = (answer.body or {}).get("checks")
    failing = [name for name, state in checks.items() if state != "ok"] if isinstance(checks, Mapping) else []
    said = f": not ok: {', '.join(sorted(failing))}" if failing else ""
    return f"{answer.address} {answer.trouble or f'answered {answer.status}'}{said}"


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

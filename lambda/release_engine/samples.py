"""What probes of one service saw, added up over rounds."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from release_engine.gate_limits import Probe

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
    others = {_digest(answer) for answer in told} - {digest, ""}
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
    return answer.status == 200 and told and bool(_digest(answer))


def _field(body: Any, name: str) -> Any:
    """Of `checks.assets` what stands there; None when nothing does."""
    for part in name.split("."):
        body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _digest(answer: Answer) -> str:
    return str((answer.body or {}).get("digest") or "")


def _trouble(answer: Answer) -> str:
    checks = (answer.body or {}).get("checks")
    failing = [name for name, state in checks.items() if state != "ok"] if isinstance(checks, Mapping) else []
    said = f": not ok: {', '.join(sorted(failing))}" if failing else ""
    return f"{answer.address} {answer.trouble or f'answered {answer.status}'}{said}"

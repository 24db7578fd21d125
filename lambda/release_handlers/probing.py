"""Asks the tasks that are to be judged: one round of a gate's probes, or a canary and its baseline in turn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from math import ceil, nan
from typing import NamedTuple

from release_aws.probes import Question
from release_engine import canary
from release_engine.gate import Answer, ProbeResults, add, good
from release_engine.gate_limits import Canary, Gate, Probe
from release_engine.model import Service
from release_engine.times import CANARY_LOOKS
from release_engine.verdict import Judgement
from release_handlers.function_context import Ask


class Target(NamedTuple):
    """A service that is judged, and the addresses of those of its tasks that ought to run `digest`."""

    service: Service
    digest: str
    addresses: Sequence[str]


def probe(
    targets: Sequence[Target], before: Mapping[str, ProbeResults], limits: Gate, *, ask: Ask, seconds: float
) -> dict[str, ProbeResults]:
    """Return what was seen so far with one more round, asked all at once; keys are those of the services."""
    requests = [(target, _samples(target, limits.probe(target.service.key)), _readings(target)) for target in targets]
    answers = iter(ask([question for _, *both in requests for part in both for question in part], seconds))
    return {
        target.service.key: add(
            before.get(target.service.key, ProbeResults()),
            samples=list(islice(answers, len(samples))),
            readings=list(islice(answers, len(readings))),
            digest=target.digest,
            probe=limits.probe(target.service.key),
        )
        for target, samples, readings in requests
    }


def _samples(target: Target, limits: Probe) -> list[Question]:
    """Return the round's user-like requests, spread evenly over the tasks."""
    count = limits.samples_per_round if target.addresses else 0
    return [
        Question(address, target.service.port or 0, target.service.sample_path or "/")
        for address in islice(cycle(target.addresses), count)
    ]


def _readings(target: Target) -> list[Question]:
    """Return one request in depth for every task."""
    return [
        Question(address, target.service.port or 0, target.service.readiness_path or "/")
        for address in target.addresses
    ]


_SPARE = 0.02  # share of requests that may be sent in addition, for those that nobody took or answered


def compare(
    service: Service,
    sides: tuple[Sequence[str], Sequence[str]],
    limits: Canary,
    statuses: tuple[int, int],
    *,
    ask: Ask,
    seconds_left: Callable[[], float],
) -> list[Judgement]:
    """Judge errors and latencies of the canary against the baseline, on as many tasks of each.

    `sides` holds the addresses of both. What could not be asked is no sample; when time runs out, too few samples say
    so. Nothing is carried over to the next call: both sides would be warmer then.
    """
    new, usual = _answers(service, sides, limits, ask, seconds_left)
    return [
        canary.judge_errors(
            f"{service.key} canary errors",
            _errors(new, statuses),
            _errors(usual, statuses),
            tolerance=limits.max_error_rise,
            enough=limits.samples,
            looks=CANARY_LOOKS,
        ),
        canary.judge_latencies(
            f"{service.key} canary",
            _latencies(new),
            _latencies(usual),
            tolerance=limits.max_latency_rise,
            harmless_ms=limits.max_latency_rise_ms,
            enough=limits.samples,
            looks=CANARY_LOOKS,
        ),
    ]


def _answers(
    service: Service,
    sides: tuple[Sequence[str], Sequence[str]],
    limits: Canary,
    ask: Ask,
    seconds_left: Callable[[], float],
) -> tuple[list[Answer], list[Answer]]:
    """Ask both sides in turn until each has answered enough, with a few requests more where some were lost."""
    tasks = min(map(len, sides))
    questions, answered = (_questions(service, sorted(side)[:tasks]) for side in sides), _PairedAnswers([], [])
    pairs = zip(*questions, strict=True) if tasks else iter(())
    most = ceil(limits.samples * (1 + _SPARE))
    while tasks and answered.enough < limits.samples and answered.requests < most and (left := seconds_left()) > 0:
        count = min(limits.at_once, most - answered.requests)
        answers = ask([question for pair in islice(pairs, count) for question in pair], left)
        answered = _PairedAnswers(answered.canary + answers[::2], answered.baseline + answers[1::2])
    return answered.taken


class _PairedAnswers(NamedTuple):
    """The answers of both sides, to the same number of requests."""

    canary: list[Answer]
    baseline: list[Answer]

    @property
    def requests(self) -> int:
        return len(self.canary)

    @property
    def enough(self) -> int:
        """Count the answers of the side that has answered less."""
        return min(sum(bool(answer.status) for answer in side) for side in self)

    @property
    def taken(self) -> tuple[list[Answer], list[Answer]]:
        canary, baseline = ([answer for answer in side if answer.status is not None] for side in self)
        return canary, baseline


def _questions(service: Service, addresses: Sequence[str]) -> Iterator[Question]:
    for address in cycle(addresses):
        yield Question(address, service.port or 0, service.sample_path or "/")


def _errors(answers: Sequence[Answer], statuses: tuple[int, int]) -> tuple[int, int]:
    """Count the bad answers, and all."""
    return sum(not good(answer, statuses) for answer in answers), len(answers)


def _latencies(answers: Sequence[Answer]) -> list[float]:
    """Return the milliseconds; what was never answered has none, and was not fast."""
    return [float(answer.milliseconds) if answer.status else nan for answer in answers]

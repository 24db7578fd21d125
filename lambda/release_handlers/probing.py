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
    """A service, and the addresses of those of its tasks that ought to run `digest`."""

    service: Service
    digest: str
    addresses: Sequence[str]


def probe(
    targets: Sequence[Target], before: Mapping[str, ProbeResults], limits: Gate, *, ask: Ask, seconds: float
) -> dict[str, ProbeResults]:
    """What was seen so far, with one more round of everything, all asked at once; keys are those of the services."""
    asked = [(target, _samples(target, limits.probe(target.service.key)), _readings(target)) for target in targets]
    answers = iter(ask([question for _, *both in asked for part in both for question in part], seconds))
    return {
        target.service.key: add(
            before.get(target.service.key, ProbeResults()),
            samples=list(islice(answers, len(samples))),
            readings=list(islice(answers, len(readings))),
            digest=target.digest,
            probe=limits.probe(target.service.key),
        )
        for target, samples, readings in asked
    }


def _samples(target: Target, limits: Probe) -> list[Question]:
    """The round's requests, spread evenly over the tasks."""
    count = limits.samples_per_round if target.addresses else 0
    return [
        Question(address, target.service.port or 0, target.service.sample_path or "/")
        for address in islice(cycle(target.addresses), count)
    ]


def _readings(target: Target) -> list[Question]:
    """Every task, in depth, once."""
    return [
        Question(address, target.service.port or 0, target.service.readiness_path or "/")
        for address in target.addresses
    ]


_SPARE = 0.02  # more requests at most, for those that nobody took or answered


def compare(
    service: Service,
    sides: tuple[Sequence[str], Sequence[str]],
    limits: Canary,
    statuses: tuple[int, int],
    *,
    ask: Ask,
    seconds_left: Callable[[], float],
) -> list[Judgement]:
    """Errors and latencies of the canary's addresses against those of the baseline, as many tasks of each.

    What could not be asked is no sample; when time runs out, too few samples say so. Nothing is carried over to the
    next call: both sides would be warmer then.
    """
    seen, usual = _answers(service, sides, limits, ask, seconds_left)
    return [
        canary.judge_errors(
            f"{service.key} canary errors",
            _errors(seen, statuses),
            _errors(usual, statuses),
            tolerance=limits.max_error_rise,
            enough=limits.samples,
            looks=CANARY_LOOKS,
        ),
        canary.judge_latencies(
            f"{service.key} canary",
            _latencies(seen),
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
    """Until both sides have given enough, with a few more where some requests were lost."""
    tasks = min(map(len, sides))
    asked, given = (_questions(service, sorted(side)[:tasks]) for side in sides), _Given([], [])
    pairs = zip(*asked, strict=True) if tasks else iter(())
    most = ceil(limits.samples * (1 + _SPARE))
    while tasks and given.enough < limits.samples and given.asked < most and (left := seconds_left()) > 0:
        count = min(limits.at_once, most - given.asked)
        answers = ask([question for pair in islice(pairs, count) for question in pair], left)
        given = _Given(given.canary + answers[::2], given.baseline + answers[1::2])
    return given.taken


class _Given(NamedTuple):
    canary: list[Answer]
    baseline: list[Answer]

    @property
    def asked(self) -> int:
        return len(self.canary)

    @property
    def enough(self) -> int:
        """Of the side that has answered less."""
        return min(sum(bool(answer.status) for answer in side) for side in self)

    @property
    def taken(self) -> tuple[list[Answer], list[Answer]]:
        canary, baseline = ([answer for answer in side if answer.status is not None] for side in self)
        return canary, baseline


def _questions(service: Service, addresses: Sequence[str]) -> Iterator[Question]:
    for address in cycle(addresses):
        yield Question(address, service.port or 0, service.sample_path or "/")


def _errors(answers: Sequence[Answer], statuses: tuple[int, int]) -> tuple[int, int]:
    return sum(not good(answer, statuses) for answer in answers), len(answers)


def _latencies(answers: Sequence[Answer]) -> list[float]:
    """What was never answered has no latency, and was not fast."""
    return [float(answer.milliseconds) if answer.status else nan for answer in answers]

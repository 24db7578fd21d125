"""One round of questions to the tasks that are to be judged."""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import NamedTuple

from release_aws.probes import Question
from release_engine.gate_limits import Gate, Probe
from release_engine.model import Service
from release_engine.samples import ProbeResults, add
from release_handlers.world import Ask


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

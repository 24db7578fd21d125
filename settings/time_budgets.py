"""Times of the settings that contradict each other: what could not come to its end is not deployed.

The numbers are those of lambda/release_engine/timeouts.py and of the templates; tests/infra/test_timeouts.py compares.
"""

from collections.abc import Iterator
from math import ceil

from settings.component import Component, Exchange
from settings.errors import Problem

GATE_ATTEMPTS = 10  # how often ECS is told by a gate in doubt to ask again
HOOK_MINUTES = 30  # what ECS gives the gate with all of these
START_MINUTES = 10  # for new tasks to pass their checks, and for old ones to drain
LOOKS = {"CANARY": 2}  # how often the gate is asked
PATIENCE_MINUTES = 60  # after so long the release machine cancels the update
# https://github.com/sidekiq/sidekiq/wiki/Deployment: so long a worker has to give back what it has not finished
GIVE_BACK_SECONDS = 5


def timeout_problems(file: str, exchange: Exchange) -> Iterator[Problem]:
    """The gate before ECS gives it up, the whole replacement before the release machine gives that up.

    And a worker's drain before ECS kills it.
    """
    for component in exchange.components.values():
        yield from _drain_problems(file, component)
        if any(service.kind == "web" for service in component.services.values()):
            yield from list(_gate_problems(file, component)) or [
                *_shift_problems(file, component),
                *_flip_problems(file, component),
            ]


def _drain_problems(file: str, component: Component) -> Iterator[Problem]:
    for service in component.services.values():
        if service.drain_seconds is None:
            continue
        place = f"components.{component.name}.services.{service.key}.drain_seconds"
        room = service.stop_timeout_seconds - GIVE_BACK_SECONDS
        if service.drain_seconds > room:
            what = (
                f"the task is killed {service.stop_timeout_seconds} s (stop_timeout_seconds) after it was told to "
                f"stop, of which giving work back takes {GIVE_BACK_SECONDS}: allowed are up to {room}"
            )
            yield Problem(file, place, service.drain_seconds, what)


def _gate_problems(file: str, component: Component) -> Iterator[Problem]:
    interval, needed = component.gate.interval_seconds, _gate_minutes(component)
    if needed > HOOK_MINUTES:
        most = HOOK_MINUTES * 60 // GATE_ATTEMPTS
        what = (
            f"ECS is told to ask up to {GATE_ATTEMPTS} times, {needed} minutes in all, and gives its hook "
            f"{HOOK_MINUTES}: allowed are up to {most} for a component with a web service"
        )
        yield Problem(file, f"components.{component.name}.gate.interval_seconds", interval, what)


def _shift_problems(file: str, component: Component) -> Iterator[Problem]:
    for service in component.services.values():
        gate = _gate_minutes(component) * LOOKS.get(service.strategy, 1)
        room = PATIENCE_MINUTES - START_MINUTES - gate
        shift = (service.canary_minutes or 0) + (service.shift_bake_minutes or 0)
        if shift > room:
            what = (
                f"shift_bake_minutes and canary_minutes come to {shift}, allowed are {room}: the release "
                f"machine waits {PATIENCE_MINUTES} minutes for the stack, of which the start takes {START_MINUTES} "
                f"and the gate up to {gate}"
            )
            yield Problem(file, f"components.{component.name}.services.{service.key}", None, what)


def _flip_problems(file: str, component: Component) -> Iterator[Problem]:
    """Going back is a flip of traffic as long as ECS keeps the former tasks: the gate has to decide within that."""
    bake = component.gate.bake_minutes
    for service in component.services.values():
        if service.shift_bake_minutes is not None and service.shift_bake_minutes <= bake:
            place = f"components.{component.name}.services.{service.key}.shift_bake_minutes"
            what = (
                f"the gate bakes for {bake} minutes (gate.bake_minutes), and only while ECS keeps the former tasks is "
                f"going back a flip of traffic: allowed are {bake + 1} and more"
            )
            yield Problem(file, place, service.shift_bake_minutes, what)


def _gate_minutes(component: Component) -> int:
    return ceil(GATE_ATTEMPTS * component.gate.interval_seconds / 60)

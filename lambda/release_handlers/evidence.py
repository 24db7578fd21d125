"""Gathers what speaks against a version while AWS still knows it: ECS forgets a stopped task within the hour."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from release_aws.clients import AWS_ERRORS
from release_engine import evidence
from release_engine.evidence import Log, StoppedTask
from release_engine.model import Component
from release_handlers.world import World

PATIENCE_SECONDS = 45.0  # after that nothing more is begun: what is recorded late is better than what is never recorded

T = TypeVar("T")


def gather(component: Component, digest: str, since: float, world: World) -> dict[str, Any]:
    """Of everything that happened `since`; what cannot be fetched never keeps a release from being recorded."""
    until = world.now() + PATIENCE_SECONDS

    def fetched(fetch: Callable[[], T]) -> T | str:
        if world.now() > until:
            return "not fetched: there was no time left"
        try:
            return fetch()
        except AWS_ERRORS as error:
            return f"could not be fetched: {error}"

    events = fetched(partial(world.stacks.events_since, component.stack, since))
    stopped = fetched(partial(_stopped, component, world))
    if isinstance(stopped, str):
        return evidence.bundle(events, stopped, {})
    tasks = evidence.told(stopped, digest, since)
    logs = {task.arn: fetched(partial(_log, task, world)) for task in evidence.read(tasks)}
    return evidence.bundle(events, tasks, logs)


def _stopped(component: Component, world: World) -> list[StoppedTask]:
    return [task for name in component.service_names for task in world.stopped.tasks(component.cluster, name)]


def _log(task: StoppedTask, world: World) -> Log:
    place = world.stopped.log_place(task.definition)
    if place is None:
        return "no container of it logs to CloudWatch"
    return world.logs.last_lines(place.group, place.stream(task), evidence.LINES)

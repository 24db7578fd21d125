"""Takes the readings of a gate's checks: one number each, from wherever its kind comes from."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from release_aws.clients import AWS_ERRORS
from release_aws.ecs import Task
from release_engine.check import Reading
from release_engine.gate_limits import Check
from release_engine.ledger import Kind, epoch
from release_engine.machine_state import State
from release_engine.model import Component
from release_handlers.world import World


class Subject(NamedTuple):
    """What is judged: a version of a component, the release that brought it, and how often its tasks crashed."""

    component: Component
    digest: str
    state: State
    restarts: int

    @property
    def former(self) -> str | None:
        """The digest that ran before; None at a first release."""
        former: str | None = (self.state.get("lock") or {}).get("former_digest")
        return former


def asked(check: Check, subject: Subject) -> bool:
    """A rollback is often the answer to an alarm that is still red."""
    return check.kind != "alarms" or Kind(subject.state["kind"]) is not Kind.ROLLBACK


def read(checks: Sequence[Check], subject: Subject, world: World) -> list[Reading]:
    """One for each check, in order; what AWS refuses or does not answer is a reading with its trouble."""
    metrics = [check for check in checks if check.kind == "metric"]
    known = dict(zip((check.title for check in metrics), _metrics(metrics, subject, world), strict=True))
    return [known.get(check.title) or _counted(check, subject, world) for check in checks]


def _metrics(checks: Sequence[Check], subject: Subject, world: World) -> list[Reading]:
    home, now = subject.component.metrics, world.now()
    values = world.metrics.read(home, checks, subject.digest, now)
    rising = [check for check in checks if check.max_rise is not None]
    if not rising or not subject.former:  # nothing usual is behind a first release: the limits alone must do
        return values
    until = epoch(subject.state["lock"]["started_at"])
    usual = world.metrics.usual(home, rising, subject.former, until)
    before = dict(zip((check.title for check in rising), usual, strict=True))
    return [_beside(value, before.get(check.title, Reading())) for check, value in zip(checks, values, strict=True)]


def _beside(value: Reading, usual: Reading) -> Reading:
    return Reading(value.value, value.trouble or usual.trouble, usual.value)


def _counted(check: Check, subject: Subject, world: World) -> Reading:
    try:
        return _COUNTS[check.kind](subject, world)
    except AWS_ERRORS as error:
        return Reading(trouble=str(error))


def _restarts(subject: Subject, _world: World) -> Reading:
    """Tasks that started and crashed while the gate watched (F3)."""
    return Reading(subject.restarts)


def _unhealthy_tasks(subject: Subject, world: World) -> Reading:
    """What ECS makes of the containers' health checks; no data while one of them has not been asked yet."""
    tasks = [task for task in _running(subject, world) if task.health != "HEALTHY"]
    bad = [task for task in tasks if task.health == "UNHEALTHY"]
    if len(bad) < len(tasks) and not bad:
        return Reading()
    return Reading(len(bad), detail=", ".join(task.arn.rpartition("/")[2] for task in bad))


def _missing_tasks(subject: Subject, world: World) -> Reading:
    """How many tasks of the version there are too few."""
    component = subject.component
    found = [world.services.running(component.cluster, one.name) for one in component.services]
    missing = {one.service: (one.desired or 0) - one.tasks.get(subject.digest, 0) for one in found}
    detail = ", ".join(f"{count} of {name}" for name, count in missing.items() if count > 0)
    return Reading(sum(max(count, 0) for count in missing.values()), detail=detail)


def _unhealthy_targets(subject: Subject, world: World) -> Reading:
    """Targets that users reach and that do not pass the load balancer's checks; those that leave do not count."""
    setups = world.setups.find(subject.component.cluster, subject.component.service_names)
    states = {place: state for place, state in world.rules.targets(setups).items() if state != "draining"}
    bad = [f"{place} {state}" for place, state in states.items() if state != "healthy"]
    return Reading(len(bad) if states else None, detail=", ".join(sorted(bad)))


def _alarms(subject: Subject, world: World) -> Reading:
    """How many are in ALARM. One without data says nothing, as it does to ECS."""
    states = world.alarms.states(subject.component.alarm_prefix)
    firing = sorted(name for name, state in states.items() if state == "ALARM")
    return Reading(len(firing) if states else None, detail=", ".join(firing))


def _running(subject: Subject, world: World) -> list[Task]:
    component = subject.component
    tasks = (task for one in component.services for task in world.services.tasks(component.cluster, one.name))
    return [task for task in tasks if task.digest == subject.digest and task.status == "RUNNING"]


_COUNTS: Mapping[str, Callable[[Subject, World], Reading]] = {
    "restarts": _restarts,
    "unhealthy_tasks": _unhealthy_tasks,
    "missing_tasks": _missing_tasks,
    "unhealthy_targets": _unhealthy_targets,
    "alarms": _alarms,
}

"""Judges a released version while it bakes, in one round for each time the machine asks.

A round asks the probes and takes one reading of each check, from wherever its kind comes from. Where ECS keeps the
former tasks for a time, the bake is in that time: going back is then a flip of traffic.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from release_aws.clients import AWS_ERRORS
from release_aws.ecs import Task
from release_engine import check, gate, running
from release_engine.check import CheckHistory, Reading, tally
from release_engine.gate import ProbeResults, seen
from release_engine.gate_limits import Check
from release_engine.ledger import Kind, epoch
from release_engine.machine_state import Result, State
from release_engine.model import Component
from release_engine.verdict import Judgement, Verdict, worst
from release_handlers.function_context import FunctionContext
from release_handlers.probing import Target, probe


class Subject(NamedTuple):
    """A version of a component that is judged, the release that brought it, and how often its tasks crashed."""

    component: Component
    digest: str
    state: State
    restarts: int

    @property
    def former(self) -> str | None:
        """Return the digest that ran before; None at a first release."""
        former: str | None = (self.state.get("lock") or {}).get("former_digest")
        return former


def applies(check: Check, subject: Subject) -> bool:
    """Tell whether the check counts: alarms do not for a rollback, which often answers one that is still red."""
    return check.kind != "alarms" or Kind(subject.state["kind"]) is not Kind.ROLLBACK


def read_checks(checks: Sequence[Check], subject: Subject, context: FunctionContext) -> list[Reading]:
    """Return one reading of each check, in order; what AWS refuses or does not answer is one with its trouble."""
    metrics = [check for check in checks if check.kind == "metric"]
    readings = dict(zip((check.title for check in metrics), _metrics(metrics, subject, context), strict=True))
    return [readings.get(check.title) or _counted(check, subject, context) for check in checks]


def _metrics(checks: Sequence[Check], subject: Subject, context: FunctionContext) -> list[Reading]:
    home, now = subject.component.metrics, context.now()
    values = context.metrics.read(home, checks, subject.digest, now)
    rising = [check for check in checks if check.max_rise is not None]
    if not rising or not subject.former:  # nothing usual is behind a first release: the limits alone must do
        return values
    until = epoch(subject.state["lock"]["started_at"])
    usual = context.metrics.usual(home, rising, subject.former, until)
    before = dict(zip((check.title for check in rising), usual, strict=True))
    return [_beside(value, before.get(check.title, Reading())) for check, value in zip(checks, values, strict=True)]


def _beside(value: Reading, usual: Reading) -> Reading:
    return Reading(value.value, value.trouble or usual.trouble, usual.value)


def _counted(check: Check, subject: Subject, context: FunctionContext) -> Reading:
    try:
        return _COUNTS[check.kind](subject, context)
    except AWS_ERRORS as error:
        return Reading(trouble=str(error))


def _restarts_counted(subject: Subject, _world: FunctionContext) -> Reading:
    """Count the tasks that started and crashed while the gate watched (F3)."""
    return Reading(subject.restarts)


def _unhealthy_tasks(subject: Subject, context: FunctionContext) -> Reading:
    """Count the tasks whose health checks fail; no data while one has not been checked yet and none is bad."""
    tasks = [task for task in _running_tasks(subject, context) if task.health != "HEALTHY"]
    bad = [task for task in tasks if task.health == "UNHEALTHY"]
    if len(bad) < len(tasks) and not bad:
        return Reading()
    return Reading(len(bad), detail=", ".join(task.id for task in bad))


def _missing_tasks(subject: Subject, context: FunctionContext) -> Reading:
    """Count by how many tasks of the version there are too few."""
    component = subject.component
    services = [context.services.running(component.cluster, name) for name in component.service_names]
    missing = {service.service: (service.desired or 0) - service.tasks.get(subject.digest, 0) for service in services}
    detail = ", ".join(f"{count} of {name}" for name, count in missing.items() if count > 0)
    return Reading(sum(max(count, 0) for count in missing.values()), detail=detail)


def _unhealthy_targets(subject: Subject, context: FunctionContext) -> Reading:
    """Count the targets that users reach and that fail the load balancer's checks; those that drain do not count."""
    setups = context.setups.find(subject.component.cluster, subject.component.service_names)
    states = {address: state for address, state in context.rules.targets(setups).items() if state != "draining"}
    bad = [f"{address} {state}" for address, state in states.items() if state != "healthy"]
    return Reading(len(bad) if states else None, detail=", ".join(sorted(bad)))


def _alarms(subject: Subject, context: FunctionContext) -> Reading:
    """Count the alarms in ALARM; one without data says nothing, as it does to ECS."""
    states = context.alarms.states(subject.component.alarm_prefix)
    firing = sorted(name for name, state in states.items() if state == "ALARM")
    return Reading(len(firing) if states else None, detail=", ".join(firing))


def _running_tasks(subject: Subject, context: FunctionContext) -> list[Task]:
    component = subject.component
    tasks = (task for name in component.service_names for task in context.services.tasks(component.cluster, name))
    return [task for task in tasks if task.digest == subject.digest and task.status == "RUNNING"]


_COUNTS: Mapping[str, Callable[[Subject, FunctionContext], Reading]] = {
    "restarts": _restarts_counted,
    "unhealthy_tasks": _unhealthy_tasks,
    "missing_tasks": _missing_tasks,
    "unhealthy_targets": _unhealthy_targets,
    "alarms": _alarms,
}


def take_round(state: State, context: FunctionContext, seconds: float) -> dict[str, Any]:
    """Take one round, and judge everything seen so far; `status` is sampling while the bake goes on, then judged."""
    component, before = context.components[state["component"]], state.get("bake") or {}
    done = int(before.get("round", 0)) + 1
    probed = _probed(component, state["digest"], before, context, seconds)
    crashed, restarts = _restarts(component, state["digest"], before, context)
    subject = Subject(component, state["digest"], state, restarts)
    checked = _checked(subject, before, done, context)
    judgements = [
        *[judged for key, results in probed.items() for judged in gate.judge(key, results, component.gate.probe(key))],
        *_running(component, state, context),
        *[check.judge(each, checked[each.title]) for each in component.gate.checks if applies(each, subject)],
    ]
    judgement = worst(judgements)
    over = gate.concluded(judgement.verdict, done, component.gate)
    if over:
        context.ledger.keep_gate(component.name, state["release_id"], judgement.as_dict())
    return {
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "evidence": judgement.evidence,
        "status": "judged" if over else "sampling",
        "next": _next(judgement.verdict, state) if over else "sample",
        "round": done,
        "seen": {key: results.as_dict() for key, results in probed.items()},
        "checked": {title: history.as_dict() for title, history in checked.items()},
        "crashed": crashed,
        "restarts": restarts,
    }


def _deploys(state: State) -> bool:
    """Tell whether the stack's update has not ended, so that ECS bakes as well."""
    return (state.get("deploy") or {}).get("status") == "baking"


def _next(verdict: Verdict, state: State) -> str:
    """Return what comes next: finish or stop the deployment that bakes; after its end, release or undo the version."""
    if verdict is Verdict.PASS:
        return "finish" if _deploys(state) else "release"
    return "stop" if _deploys(state) else "undo"


def _running(component: Component, state: State, context: FunctionContext) -> list[Judgement]:
    """Judge whether every task has the digest; while ECS still keeps the former ones, the machine asks that later."""
    if _deploys(state):
        return []
    services = [context.services.running(component.cluster, name) for name in component.service_names]
    return [running.judge(state["digest"], services)]


def _probed(
    component: Component, digest: str, before: Result, context: FunctionContext, seconds: float
) -> dict[str, ProbeResults]:
    """Return what was seen so far of each service, with one more round of those that are due."""
    round_ = int(before.get("round", 0)) + 1
    earlier = {key: seen(values) for key, values in (before.get("seen") or {}).items()}
    targets = []
    for service in component.probed:
        if not component.gate.due(component.gate.probe(service.key), round_):
            continue
        tasks = context.services.tasks(component.cluster, service.name)
        judged = [task.address for task in tasks if task.digest == digest and task.status == "RUNNING"]
        targets.append(Target(service, digest, [address for address in judged if address]))
    return earlier | probe(targets, earlier, component.gate, ask=context.ask, seconds=seconds)


def _checked(subject: Subject, before: Result, round_: int, context: FunctionContext) -> dict[str, CheckHistory]:
    """Return the history of each check, with one reading more of those that are due."""
    checks = [each for each in subject.component.gate.checks if applies(each, subject)]
    histories = {each.title: tally((before.get("checked") or {}).get(each.title)) for each in checks}
    due = [each for each in checks if subject.component.gate.due(each, round_)]
    for each, reading in zip(due, read_checks(due, subject, context), strict=True):
        histories[each.title] = check.take(each, histories[each.title], reading)
    return histories


def _restarts(component: Component, digest: str, before: Result, context: FunctionContext) -> tuple[list[str], int]:
    """Return the crashed tasks, and the number of crashes since the first round; those before are the deployment's."""
    crashed = sorted(
        task.arn
        for service in component.services
        for task in context.services.tasks(component.cluster, service.name, stopped=True)
        if task.crashed and task.digest == digest
    )
    new = set(crashed) - set(before.get("crashed", crashed))
    return sorted({*crashed, *before.get("crashed", [])}), int(before.get("restarts", 0)) + len(new)

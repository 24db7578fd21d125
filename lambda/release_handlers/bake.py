"""The gate while a released version bakes: one round for each time the machine asks.

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


def is_asked(check: Check, subject: Subject) -> bool:
    """A rollback is often the answer to an alarm that is still red."""
    return check.kind != "alarms" or Kind(subject.state["kind"]) is not Kind.ROLLBACK


def read_checks(checks: Sequence[Check], subject: Subject, context: FunctionContext) -> list[Reading]:
    """One for each check, in order; what AWS refuses or does not answer is a reading with its trouble."""
    metrics = [check for check in checks if check.kind == "metric"]
    known = dict(zip((check.title for check in metrics), _metrics(metrics, subject, context), strict=True))
    return [known.get(check.title) or _counted(check, subject, context) for check in checks]


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
    """Tasks that started and crashed while the gate watched (F3)."""
    return Reading(subject.restarts)


def _unhealthy_tasks(subject: Subject, context: FunctionContext) -> Reading:
    """What ECS makes of the containers' health checks; no data while one of them has not been asked yet."""
    tasks = [task for task in _running_tasks(subject, context) if task.health != "HEALTHY"]
    bad = [task for task in tasks if task.health == "UNHEALTHY"]
    if len(bad) < len(tasks) and not bad:
        return Reading()
    return Reading(len(bad), detail=", ".join(task.arn.rpartition("/")[2] for task in bad))


def _missing_tasks(subject: Subject, context: FunctionContext) -> Reading:
    """How many tasks of the version there are too few."""
    component = subject.component
    found = [context.services.running(component.cluster, one.name) for one in component.services]
    missing = {one.service: (one.desired or 0) - one.tasks.get(subject.digest, 0) for one in found}
    detail = ", ".join(f"{count} of {name}" for name, count in missing.items() if count > 0)
    return Reading(sum(max(count, 0) for count in missing.values()), detail=detail)


def _unhealthy_targets(subject: Subject, context: FunctionContext) -> Reading:
    """Targets that users reach and that do not pass the load balancer's checks; those that leave do not count."""
    setups = context.setups.find(subject.component.cluster, subject.component.service_names)
    states = {place: state for place, state in context.rules.targets(setups).items() if state != "draining"}
    bad = [f"{place} {state}" for place, state in states.items() if state != "healthy"]
    return Reading(len(bad) if states else None, detail=", ".join(sorted(bad)))


def _alarms(subject: Subject, context: FunctionContext) -> Reading:
    """How many are in ALARM. One without data says nothing, as it does to ECS."""
    states = context.alarms.states(subject.component.alarm_prefix)
    firing = sorted(name for name, state in states.items() if state == "ALARM")
    return Reading(len(firing) if states else None, detail=", ".join(firing))


def _running_tasks(subject: Subject, context: FunctionContext) -> list[Task]:
    component = subject.component
    tasks = (task for one in component.services for task in context.services.tasks(component.cluster, one.name))
    return [task for task in tasks if task.digest == subject.digest and task.status == "RUNNING"]


_COUNTS: Mapping[str, Callable[[Subject, FunctionContext], Reading]] = {
    "restarts": _restarts_counted,
    "unhealthy_tasks": _unhealthy_tasks,
    "missing_tasks": _missing_tasks,
    "unhealthy_targets": _unhealthy_targets,
    "alarms": _alarms,
}


def take_round(state: State, context: FunctionContext, seconds: float) -> dict[str, Any]:
    """`status` is sampling while it goes on, then judged; the verdict is that of everything seen so far."""
    component, before = context.components[state["component"]], state.get("bake") or {}
    done = int(before.get("round", 0)) + 1
    found = _probed(component, state["digest"], before, context, seconds)
    known, restarts = _restarts(component, state["digest"], before, context)
    subject = Subject(component, state["digest"], state, restarts)
    checked = _checked(subject, before, done, context)
    judgements = [
        *[one for key, saw in found.items() for one in gate.judge(key, saw, component.gate.probe(key))],
        *_running(component, state, context),
        *[check.judge(one, checked[one.title]) for one in component.gate.checks if is_asked(one, subject)],
    ]
    judgement = worst(judgements)
    over = gate.concluded(judgement.verdict, done, component.gate)
    if over:
        context.ledger.keep_gate(component.name, state["release_id"], judgement.as_dict())
    return {
        **_said(judgement),
        "status": "judged" if over else "sampling",
        "next": _next(judgement.verdict, state) if over else "sample",
        "round": done,
        "seen": {key: saw.as_dict() for key, saw in found.items()},
        "checked": {name: tally.as_dict() for name, tally in checked.items()},
        "crashed": known,
        "restarts": restarts,
    }


def _deploys(state: State) -> bool:
    """Whether the stack's update has not ended: ECS bakes as well."""
    return (state.get("deploy") or {}).get("status") == "baking"


def _next(verdict: Verdict, state: State) -> str:
    """finish or stop the deployment that bakes; behind it, release or undo the version."""
    if verdict is Verdict.PASS:
        return "finish" if _deploys(state) else "release"
    return "stop" if _deploys(state) else "undo"


def _running(component: Component, state: State, context: FunctionContext) -> list[Judgement]:
    """Every task has the digest; while ECS still keeps the former ones, the machine asks that later."""
    if _deploys(state):
        return []
    found = [context.services.running(component.cluster, service.name) for service in component.services]
    return [running.judge(state["digest"], found)]


def _said(judgement: Judgement) -> dict[str, Any]:
    return {"verdict": judgement.verdict.value, "reason": judgement.reason, "evidence": judgement.evidence}


def _probed(
    component: Component, digest: str, before: Result, context: FunctionContext, seconds: float
) -> dict[str, ProbeResults]:
    """What was seen so far of each service, with one more round of those that are due."""
    round_ = int(before.get("round", 0)) + 1
    earlier = {key: seen(saw) for key, saw in (before.get("seen") or {}).items()}
    targets = []
    for service in (one for one in component.probed if component.gate.due(component.gate.probe(one.key), round_)):
        tasks = context.services.tasks(component.cluster, service.name)
        judged = [task.address for task in tasks if task.digest == digest and task.status == "RUNNING"]
        targets.append(Target(service, digest, [address for address in judged if address]))
    return earlier | probe(targets, earlier, component.gate, ask=context.ask, seconds=seconds)


def _checked(subject: Subject, before: Result, round_: int, context: FunctionContext) -> dict[str, CheckHistory]:
    """One reading more of each check that is due."""
    checks = [one for one in subject.component.gate.checks if is_asked(one, subject)]
    known = {one.title: tally((before.get("checked") or {}).get(one.title)) for one in checks}
    due = [one for one in checks if subject.component.gate.due(one, round_)]
    for one, reading in zip(due, read_checks(due, subject, context), strict=True):
        known[one.title] = check.take(one, known[one.title], reading)
    return known


def _restarts(component: Component, digest: str, before: Result, context: FunctionContext) -> tuple[list[str], int]:
    """Crashes since the first round; what crashed before that was the deployment's to judge."""
    crashed = sorted(
        task.arn
        for service in component.services
        for task in context.services.tasks(component.cluster, service.name, stopped=True)
        if task.crashed and task.digest == digest
    )
    new = set(crashed) - set(before.get("crashed", crashed))
    return sorted({*crashed, *before.get("crashed", [])}), int(before.get("restarts", 0)) + len(new)

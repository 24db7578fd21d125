"""Decides what to do about a bad release: for the state PlanRollback, and as the watch after a success."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from release_aws.rollback_facts import gather_facts
from release_engine import rollback_plan
from release_engine.ledger import Kind, Release
from release_engine.machine_state import MachineInput, State
from release_engine.model import Component
from release_engine.rollback_plan import Action, Plan
from release_handlers.function_context import FunctionContext, read_context

Event = Mapping[str, Any]


class NotUndoneError(RuntimeError):
    """Says that a bad release stays: the person who hears of failed events must decide."""


_log = logging.getLogger(__name__)


def handler(event: Event, _lambda_context: object) -> dict[str, Any]:
    """Plan for the release machine, look again after a release, or undo a release for an event of ECS or CloudWatch."""
    if event.get("action") == "look":
        return look_again(read_context())
    answer = plan(event["state"], read_context()) if event.get("action") == "plan" else undo(event, read_context())
    _log.info("%s", answer)
    return answer


def plan(state: State, context: FunctionContext) -> dict[str, Any]:
    """Return what the machine should do about its own release, as the fields of a `Plan`."""
    component = context.components[state["component"]]
    release = context.ledger.find(component.name, state["release_id"])
    if release is None:
        raise LookupError(f"{state['release_id']} is not in the ledger")
    return asdict(_plan(component, release, context))


def undo(event: Event, context: FunctionContext) -> dict[str, Any]:
    """Start the rollback of the last release if the event speaks against it, and say why, or why not.

    NotUndoneError when it should be undone and cannot be.
    """
    component = rollback_plan.component_of(event, context.components.values())
    if component is None:
        return {"started": False, "reason": "the event concerns no component"}
    now = context.now()
    if reason := _somebody_elses(component, now, context):
        return {"started": False, "reason": reason}
    history = context.ledger.releases(component.name)
    bad, reason = rollback_plan.release_to_undo(history, now=now, window=context.watch_seconds)
    if bad is None:
        return {"started": False, "reason": reason}
    decided = _plan(component, bad, context)
    if decided.action in (Action.ALREADY_RESTORED, Action.NOTHING_TO_RESTORE):
        return {"started": False, "reason": decided.reason}
    if decided.action is not Action.ROLL_BACK or decided.digest is None:
        raise NotUndoneError(f"{bad.release_id} of {component.name} should be undone, but: {decided.reason}")
    if reason := _deploying(component, now, context) or rollback_plan.too_soon(
        history, now=now, cool_down=context.cool_down_seconds
    ):
        raise NotUndoneError(f"{bad.release_id} of {component.name} may have to be undone, by a person: {reason}")
    return {
        "started": _start(component, bad, decided.digest, rollback_plan.cause_of(event), context),
        "reason": decided.reason,
    }


def look_again(context: FunctionContext) -> dict[str, Any]:
    """Treat every alarm that is red as if it went red now: while releases were under way, none undid anything."""
    answers, problems = [], []
    for name in _red(context):
        try:
            answers.append(undo({"detail": {"alarmName": name, "state": {"value": "ALARM"}}}, context))
        except NotUndoneError as error:  # it must not keep the others from being looked at
            problems.append(str(error))
    _log.info("%s", answers)
    if problems:
        raise NotUndoneError("; ".join(problems))
    return {"found": len(answers), "started": sum(bool(answer["started"]) for answer in answers)}


def _red(context: FunctionContext) -> list[str]:
    states = (context.alarms.states(component.alarm_prefix).items() for component in context.components.values())
    return [name for alarms in states for name, state in alarms if state == "ALARM"]


def _somebody_elses(component: Component, now: float, context: FunctionContext) -> str | None:
    """Return why the watch does nothing: a release is under way, or the fault is more likely another component's."""
    for name in (component.name, *(other for other in context.components if other != component.name)):
        lock = context.ledger.lock(name)
        if lock.held_at(now) and not lock.of_infrastructure:
            return f"a release of {name} is under way, which judges for itself"
    others = {name: context.ledger.releases(name) for name in context.components if name != component.name}
    return rollback_plan.more_suspect(others, now)


def _deploying(component: Component, now: float, context: FunctionContext) -> str | None:
    """Return who deploys stacks: these may be at fault, let no release begin, and nobody looks again after them."""
    lock = context.ledger.lock(component.name)
    return f"{lock.holder} deploys stacks" if lock.of_infrastructure and lock.held_at(now) else None


def _start(component: Component, bad: Release, digest: str, cause: str, context: FunctionContext) -> bool:
    """Start the rollback, which has its name from what it undoes, so that two events make one (F35)."""
    name = f"{bad.release_id[:70]}-undo"
    order = MachineInput(name, component.name, digest, Kind.ROLLBACK, f"watch:{cause}", undoes=bad.release_id)
    return context.executions.start(component.machine_arn, name, order.as_input())


def _plan(component: Component, bad: Release, context: FunctionContext) -> Plan:
    history = context.ledger.releases(component.name)
    facts = gather_facts(
        history, context.stacks, context.images, stack=component.stack, repository=component.repository
    )
    return rollback_plan.plan(bad, history, facts)

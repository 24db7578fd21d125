"""Deploys by a change set with the previous template and one new value, which is judged, executed and watched."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from release_aws.clients import AWS_ERRORS
from release_aws.cloudformation import Stack
from release_engine import cloudformation
from release_engine.cloudformation import progress
from release_engine.machine_state import Phase, Purpose, State, phase_of
from release_engine.model import Component
from release_engine.times import CHANGE_SET_POLLS, STACK_POLLS
from release_handlers.function_context import FunctionContext, read_context

_log = logging.getLogger(__name__)
Result = dict[str, Any]
Action = Callable[[Component, Phase, Result, FunctionContext], Result]


def handler(event: Mapping[str, Any], _lambda_context: object) -> Result:
    """Do one action; its result is what the next action is given as `before`."""
    return act(event["action"], event["purpose"], event["state"], read_context())


def act(action: str, purpose: Purpose, state: State, context: FunctionContext) -> Result:
    """Do one action of a phase: create, inspect, execute, poll, cancel or stop."""
    phase = phase_of(purpose, state)
    return _ACTIONS[action](
        context.components[state["component"]], phase, dict(state.get(phase.keys.deploy) or {}), context
    )


def _create(component: Component, phase: Phase, _before: Result, context: FunctionContext) -> Result:
    context.stacks.create_change_set(_stack(component, context), phase.change_set, phase.digest)
    return {"status": "pending", "polls": 0}


def _inspect(component: Component, phase: Phase, before: Result, context: FunctionContext) -> Result:
    change_set, polls = context.stacks.change_set(component.stack, phase.change_set), before["polls"] + 1
    if change_set.state == "pending" and polls < CHANGE_SET_POLLS:
        return {"status": "pending", "polls": polls}
    if change_set.state == "ready" and not (problems := cloudformation.change_set_problems(change_set.changes)):
        return {"status": "ready", "changes": len(change_set.changes)}
    context.stacks.delete_change_set(component.stack, phase.change_set)
    if change_set.state == "unchanged":
        return {"status": "no_changes", "reason": change_set.reason}
    if change_set.state == "ready":
        return {"status": "refused", "reason": f"the change set touches {'; '.join(problems)}"}
    return {"status": "refused", "reason": f"change set {change_set.state} after {polls} looks: {change_set.reason}"}


def _execute(component: Component, phase: Phase, _before: Result, context: FunctionContext) -> Result:
    """Execute the change set; `updated` tells the update that begins here from the one before it."""
    updated = _stack(component, context).updated
    begun = context.stacks.execute(component.stack, phase.change_set)
    return {"status": "in_progress", "polls": 0, "updated": updated if begun else "", "cancelled": False}


def _poll(component: Component, phase: Phase, before: Result, context: FunctionContext) -> Result:
    """Look at the stack; it is `baking` when all users are on the new version, and ECS can still bring them back."""
    stack, polls = _stack(component, context), before["polls"] + 1
    status = progress(stack.status) if stack.updated != before["updated"] else "in_progress"
    if status == "in_progress" and polls >= STACK_POLLS:
        status = "failed" if before["cancelled"] else "overdue"
    elif status == "in_progress" and phase.bakes and not (before["cancelled"] or "stopped" in before):
        status = "baking" if _bakes(component, phase, context) else status
    reason = "" if status in ("in_progress", "baking", "succeeded") else _reason(status, stack, context)
    return {**before, "status": status, "polls": polls, "reason": reason, "stack_status": stack.status}


def _bakes(component: Component, phase: Phase, context: FunctionContext) -> bool:
    """Ask ECS whether the services bake; when it does not answer, the next look asks again."""
    try:
        return context.services.bakes(component.cluster, component.service_names, phase.digest)
    except AWS_ERRORS as error:
        _log.warning("whether %s bakes could not be asked: %s", component.name, error)
        return False


def _cancel(component: Component, _phase: Phase, before: Result, context: FunctionContext) -> Result:
    context.stacks.cancel(component.stack)
    return {**before, "status": "in_progress", "polls": 0, "cancelled": True}


def _stop(component: Component, _phase: Phase, before: Result, context: FunctionContext) -> Result:
    """Send traffic back at once; CloudFormation notices, and puts the former digest back by itself."""
    stopped = context.services.stop_baking(component.cluster, component.service_names)
    return {**before, "status": "in_progress", "polls": 0, "stopped": stopped}


def _reason(status: str, stack: Stack, context: FunctionContext) -> str:
    if status == "overdue":
        return f"{stack.name} is {stack.status} after {STACK_POLLS} looks"
    return f"{stack.name} is {stack.status}: {context.stacks.failure_reason(stack.name)}"


def _stack(component: Component, context: FunctionContext) -> Stack:
    stack = context.stacks.describe(component.stack)
    if stack is None:
        raise LookupError(f"there is no stack {component.stack}")
    return stack


_ACTIONS: Mapping[str, Action] = {
    "create": _create,
    "inspect": _inspect,
    "execute": _execute,
    "poll": _poll,
    "cancel": _cancel,
    "stop": _stop,
}

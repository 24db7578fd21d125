"""Starts and stops fresh tasks of the former version, to compare a canary with: StartBaseline and StopBaseline.

They are fresh, because tasks that have served for days are warm, and a new version is not: it would look slow (F33).
"""

from collections.abc import Mapping
from typing import Any

from release_engine.ledger import Baseline, Kind, OvertakenError
from release_engine.machine_state import State
from release_engine.model import Component
from release_handlers.function_context import FunctionContext, read_context


def handler(event: Mapping[str, Any], _lambda_context: object) -> dict[str, Any]:
    """Start or stop the baseline, as `action` says."""
    act = start if event["action"] == "start" else stop
    return act(event["state"], read_context())


def start(state: State, context: FunctionContext) -> dict[str, Any]:
    """Start the baseline; `status` is started, or none for a rollback, which nothing may delay, and a first release."""
    component = context.components[state["component"]]
    if context.ledger.lock(component.name).holder != state["release_id"]:
        raise OvertakenError(f"{state['release_id']} no longer holds the lock of {component.name}")
    former = context.ledger.baseline(component.name)
    if former is not None and former.release_id != state["release_id"]:
        _end(component, former, context)
    limits = component.gate.canary
    if limits is None or Kind(state["kind"]) is Kind.ROLLBACK:
        return {"status": "none", "services": {}}
    names = {service.key: f"{service.name}-baseline-{state['lock']['token']}" for service in component.canaries}
    context.ledger.keep_baseline(Baseline(component.name, state["release_id"], state["digest"], names))
    for service in component.canaries:
        if not context.baselines.start(component.cluster, service.name, names[service.key], limits.tasks):
            del names[service.key]
    if not names:
        context.ledger.forget_baseline(component.name)
        return {"status": "none", "services": {}}
    context.ledger.keep_baseline(Baseline(component.name, state["release_id"], state["digest"], names))
    return {"status": "started", "services": names}


def stop(state: State, context: FunctionContext) -> dict[str, Any]:
    """End the baseline that this release has started; another's is left alone."""
    component = context.components[state["component"]]
    running = context.ledger.baseline(component.name)
    if running is None or running.release_id != state["release_id"]:
        return {"status": "none"}
    _end(component, running, context)
    return {"status": "stopped"}


def _end(component: Component, baseline: Baseline, context: FunctionContext) -> None:
    for name in baseline.services.values():
        context.baselines.stop(component.cluster, name)
    context.ledger.forget_baseline(component.name)

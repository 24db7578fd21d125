"""StartBaseline and StopBaseline: fresh tasks of the former version, to compare a canary with.

Fresh, because tasks that have served for days are warm, and a new version is not: it would look slow (F33).
"""

from collections.abc import Mapping
from typing import Any

from release_engine.ledger import Baseline, Kind, OvertakenError
from release_engine.machine_state import State
from release_engine.model import Component
from release_handlers.function_context import FunctionContext, read_context


def handler(event: Mapping[str, Any], _lambda_context: object) -> dict[str, Any]:
    """`action` is start or stop."""
    act = start if event["action"] == "start" else stop
    return act(event["state"], read_context())


def start(state: State, context: FunctionContext) -> dict[str, Any]:
    """`status` is started, or none: for a way back, which nothing may delay, and for a first release."""
    component = context.components[state["component"]]
    if context.ledger.lock(component.name).holder != state["release_id"]:
        raise OvertakenError(f"{state['release_id']} no longer holds the lock of {component.name}")
    known = context.ledger.baseline(component.name)
    if known is not None and known.release_id != state["release_id"]:
        _end(component, known, context)
    limits = component.gate.canary
    if limits is None or Kind(state["kind"]) is Kind.ROLLBACK:
        return {"status": "none", "services": {}}
    names = {one.key: f"{one.name}-baseline-{state['lock']['token']}" for one in component.canaries}
    context.ledger.keep_baseline(Baseline(component.name, state["release_id"], state["digest"], names))
    for one in component.canaries:
        if not context.baselines.start(component.cluster, one.name, names[one.key], limits.tasks):
            del names[one.key]
    if not names:
        context.ledger.forget_baseline(component.name)
        return {"status": "none", "services": {}}
    context.ledger.keep_baseline(Baseline(component.name, state["release_id"], state["digest"], names))
    return {"status": "started", "services": names}


def stop(state: State, context: FunctionContext) -> dict[str, Any]:
    """Ends what this release has started; another's is left alone."""
    component = context.components[state["component"]]
    known = context.ledger.baseline(component.name)
    if known is None or known.release_id != state["release_id"]:
        return {"status": "none"}
    _end(component, known, context)
    return {"status": "stopped"}


def _end(component: Component, known: Baseline, context: FunctionContext) -> None:
    for name in known.services.values():
        context.baselines.stop(component.cluster, name)
    context.ledger.forget_baseline(component.name)

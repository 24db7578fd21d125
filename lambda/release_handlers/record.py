"""Writes the ledger for the machine, in the states Lock, Record, Forget and Unlock, and a push for CodePipeline.

What speaks against a version is gathered while AWS still knows it: ECS forgets a stopped task within the hour.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from release_aws.clients import AWS_ERRORS
from release_aws.stepfunctions import execution_arn
from release_engine import evidence
from release_engine.callers import Caller, caller_of
from release_engine.evidence import Log, StoppedTask
from release_engine.ledger import Kind, Lock, LockHeldError, Outcome, Release, epoch, iso, standing
from release_engine.machine_state import State
from release_engine.model import Component
from release_engine.times import LEASE_SECONDS
from release_handlers import pipeline_job
from release_handlers.function_context import FunctionContext, read_context

PATIENCE_SECONDS = 45.0  # after that nothing more is fetched, so that the release is recorded in any case

T = TypeVar("T")


def gather(component: Component, digest: str, since: float, context: FunctionContext) -> dict[str, Any]:
    """Gather the evidence since then, in epoch seconds; what can't be fetched keeps no release from being recorded."""
    until = context.now() + PATIENCE_SECONDS

    def fetched(fetch: Callable[[], T]) -> T | str:
        if context.now() > until:
            return "not fetched: there was no time left"
        try:
            return fetch()
        except AWS_ERRORS as error:
            return f"could not be fetched: {error}"

    events = fetched(partial(context.stacks.events_since, component.stack, since))
    stopped = fetched(partial(_stopped_tasks, component, context))
    if isinstance(stopped, str):
        return evidence.bundle(events, stopped, {})
    tasks = evidence.relevant(stopped, digest, since)
    logs = {task.arn: fetched(partial(_log_of, task, context)) for task in tasks[: evidence.LOGS]}
    return evidence.bundle(events, tasks, logs)


def _stopped_tasks(component: Component, context: FunctionContext) -> list[StoppedTask]:
    return [task for name in component.service_names for task in context.stopped.tasks(component.cluster, name)]


def _log_of(task: StoppedTask, context: FunctionContext) -> Log:
    log_place = context.stopped.log_place(task.definition)
    if log_place is None:
        return "no container of it logs to CloudWatch"
    return context.logs.last_lines(log_place.group, log_place.stream(task), evidence.LINES)


Result = dict[str, Any]
SERVED = (Caller.MACHINE, Caller.PIPELINE)
LOOKED_BACK = 20  # releases: what was released well before as many failures is in doubt


def handler(event: Mapping[str, Any], _lambda_context: object) -> Result:
    """Do what the machine's `action` says: lock, record, forget or unlock; or record a push for CodePipeline."""
    if caller_of(event, SERVED) is Caller.PIPELINE:
        return pipeline_job.answer(event, read_context, {"record": pipeline_job.keep_push})
    state = event["state"]
    if event["action"] == "lock":
        return lock(state, event["execution"], read_context())
    if event["action"] == "unlock":
        return unlock(state, read_context())
    if event["action"] == "forget":
        return forget(state, read_context())
    return record(Outcome(event["outcome"]), state, event["execution"], read_context())


def lock(state: State, execution: str, context: FunctionContext) -> Result:
    """Take the lock; `status` is busy, with who holds it, or locked, with token and the digests that run and stand."""
    component = context.components[state["component"]]
    try:
        held = _acquire(state, component.machine_arn, context)
    except LockHeldError as busy:
        return {"status": "busy", "reason": str(busy)}
    stack = context.stacks.describe(component.stack)
    history = context.ledger.releases(component.name, limit=LOOKED_BACK)
    result = {
        "status": "locked",
        "token": held.token,
        "started_at": held.since or iso(context.now()),
        "former_digest": stack.digest if stack else None,
        "standing_digest": standing(history, context.ledger.current(component.name)),
    }
    context.ledger.record(_release({**state, "lock": result}, execution, Outcome.RUNNING))
    return result


def unlock(state: State, context: FunctionContext) -> Result:
    """Free the lock if this release holds it; a lock that is another's by now is left alone."""
    return {"freed": context.ledger.give_back(state["component"], state["release_id"])}


def forget(state: State, context: FunctionContext) -> Result:
    """Forget a release that had nothing to do: nothing of it stays, and nothing counts it."""
    context.ledger.forget(state["component"], state["release_id"], state["lock"]["token"])
    return {"outcome": "unchanged", "reason": state["preflight"]["reason"]}


def record(outcome: Outcome, state: State, execution: str, context: FunctionContext) -> Result:
    """Record how the release ended, with its evidence and durations."""
    state = _with_gate(state, context)
    reason = evidence.passed(state) if outcome is Outcome.RELEASED else evidence.why(state)
    locked = _with_lock(state, context)
    if locked is None:
        return {"outcome": outcome.value, "reason": f"{reason}; the lock was never taken, so nothing is recorded"}
    release = _release(locked, execution, outcome)
    finished = replace(
        release,
        verdict=_judged(state).get("verdict"),
        reason=reason,
        evidence=_evidence(outcome, locked, context),
        finished_at=iso(context.now()),
        seconds_by_state=evidence.seconds_by_state(context.executions.events_after(execution, 0)),
    )
    context.ledger.record(finished)
    return {"outcome": outcome.value, "reason": reason}


def _acquire(state: State, machine_arn: str, context: FunctionContext) -> Lock:
    """Acquire the lock; one whose execution is over is taken over: nobody is left to give it back.

    A deployment of infrastructure has no execution, so its lock is never taken over (F15).
    """
    component, release_id, now = state["component"], state["release_id"], context.now()
    try:
        return context.ledger.acquire(component, release_id, now=now, lease=LEASE_SECONDS)
    except LockHeldError as busy:
        if busy.lock.holder is None or busy.lock.of_infrastructure:
            raise
        if context.executions.runs(execution_arn(machine_arn, busy.lock.holder)):
            raise
        taken = context.ledger.acquire(component, release_id, now=now, lease=LEASE_SECONDS, dead=busy.lock)
        context.ledger.abandon(component, busy.lock.holder, now=now)
        return taken


def _with_lock(state: State, context: FunctionContext) -> State | None:
    """Return the state with its lock: when Lock died half-way, only the ledger has it; None when it died before."""
    if "token" in (state.get("lock") or {}):
        return state
    held = context.ledger.lock(state["component"])
    if held.holder != state["release_id"]:
        return None
    return {**state, "lock": {"token": held.token, "started_at": held.since or iso(context.now())}}


def _release(state: State, execution: str, outcome: Outcome) -> Release:
    return Release(
        release_id=state["release_id"],
        component=state["component"],
        digest=state["digest"],
        kind=Kind(state["kind"]),
        requested_by=state.get("requested_by") or "unknown",
        outcome=outcome,
        started_at=state["lock"]["started_at"],
        former_digest=state["lock"].get("former_digest"),
        manifest=state.get("manifest"),
        execution_arn=execution,
        token=state["lock"]["token"],
        undoes=state.get("undoes"),
    )


def _with_gate(state: State, context: FunctionContext) -> State:
    """Add what the gate told ECS, which tells CloudFormation and the machine no more than that a hook failed."""
    kept = context.ledger.gate(state["component"], state["release_id"])
    if kept is None or "bake" in state:
        return state
    return {**state, "gate": {"verdict": kept["verdict"], "reason": kept["reason"], "evidence": kept}}


def _evidence(outcome: Outcome, state: State, context: FunctionContext) -> Result:
    """Return the checks of the last judgement and, when the version did not make it, what AWS said."""
    checks = _judged(state).get("evidence") or {}
    if outcome not in (Outcome.ROLLED_BACK, Outcome.FAILED):
        return checks
    component, since = context.components[state["component"]], epoch(state["lock"]["started_at"])
    return {**checks, **gather(component, state["digest"], since, context)}


def _judged(state: State) -> Mapping[str, Any]:
    """Return the last judgement that was made of the version; empty when there is none."""
    judgements = (state.get("bake"), state.get("gate"), state.get("verified"))
    return next(filter(None, judgements), {})

"""Verifies that every task of the component runs the digest, and that all users reach them."""

from collections.abc import Mapping
from typing import Any

from release_engine import running
from release_engine.machine_state import Purpose, State, phase_of
from release_engine.times import TASKS_POLLS
from release_engine.verdict import Verdict
from release_handlers.function_context import FunctionContext, read_context

_STATUS = {Verdict.PASS: "running", Verdict.FAIL: "failed", Verdict.INCONCLUSIVE: "waiting"}


def handler(event: Mapping[str, Any], _lambda_context: object) -> dict[str, Any]:
    """Take one look for VerifyRunning or VerifyRolledBack; the machine asks again while `status` is waiting."""
    return look(event["purpose"], event["state"], read_context())


def look(purpose: Purpose, state: State, context: FunctionContext) -> dict[str, Any]:
    """Look at all tasks; `status` is running, baked, failed or waiting; waiting too long is failed.

    It is baked when it runs and the gate has let it pass already, and failed when the gate has not and it runs still.
    """
    phase, component = phase_of(purpose, state), context.components[state["component"]]
    polls = int((state.get(phase.keys.verified) or {}).get("polls", 0)) + 1
    facts = [context.services.running(component.cluster, name) for name in component.service_names]
    users = context.rules.traffic(context.setups.find(component.cluster, component.service_names))
    judgement = running.judge(phase.digest, facts, users)
    status = _STATUS[judgement.verdict]
    reason = judgement.reason
    if status == "waiting" and polls >= TASKS_POLLS:
        status, reason = "failed", f"{reason}: still so after {polls} looks"
    if status == "running" and purpose == "release" and not phase.bakes:
        status = "baked" if (state["bake"] or {})["verdict"] == Verdict.PASS else "failed"
    return {
        "status": status,
        "verdict": judgement.verdict.value,
        "reason": reason,
        "polls": polls,
        "evidence": judgement.evidence,
    }

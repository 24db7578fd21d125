"""The states that put a digest on a stack, and those that see to it that it runs.

The same states serve to release and, prefixed, to put the former digest back.
"""

from dataclasses import dataclass

from exchange_constructs.release.release_states import States, call, choice, wait
from release_engine.machine_state import PHASE_KEYS, FailureKey, PhaseKeys, Purpose
from release_engine.times import CHANGE_SET_SECONDS, STACK_SECONDS, TASKS_SECONDS


@dataclass(frozen=True)
class DeployPhase:
    """`release` or `rollback`; where an exception goes, and under which key it is kept.

    `baking` is where a release goes on while ECS bakes it, `baked` where it goes once it runs and has been judged.
    """

    purpose: Purpose
    failed: str
    failure: FailureKey
    prefix: str = ""
    baking: str = ""
    baked: str = ""

    @property
    def keys(self) -> PhaseKeys:
        """Return the keys of the results in this phase."""
        return PHASE_KEYS[self.purpose]


def deploy_states(phase: DeployPhase, function: str, *, done: str, refused: str, baseline: str | None = None) -> States:
    """CreateChangeSet to PollStack. Until the change set is executed nothing is touched, so failing means `refused`.

    `baseline` starts what the new version is compared with, at the same time as the new version itself.
    """
    name = _names(phase)
    ready = "StartBaseline" if baseline else name["ExecuteChangeSet"]
    ways = {"pending": name["WaitForChangeSet"], "ready": ready, "no_changes": done}
    return {
        name["CreateChangeSet"]: _step(phase, function, "create", then=name["WaitForChangeSet"], otherwise=refused),
        name["WaitForChangeSet"]: wait(CHANGE_SET_SECONDS, then=name["InspectChangeSet"]),
        name["InspectChangeSet"]: _step(phase, function, "inspect", then=name["ChangeSet?"], otherwise=refused),
        name["ChangeSet?"]: choice(f"{phase.keys.deploy}.status", ways, refused),
        **_baseline_states(baseline, then=name["ExecuteChangeSet"], refused=refused),
        **_execution_states(phase, function, done=done),
    }


def verify_states(phase: DeployPhase, function: str, *, name: str, waiting: str, done: str) -> States:
    """Asks until every task runs the digest, or it is certain that they do not."""
    ways = {"running": done, "waiting": waiting} | ({"baked": phase.baked} if phase.baked else {})
    return {
        name: call(
            function,
            result=phase.keys.verified,
            then=f"{name}?",
            otherwise=phase.failed,
            failure=phase.failure,
            purpose=phase.purpose,
        ),
        f"{name}?": choice(f"{phase.keys.verified}.status", ways, phase.failed),
        waiting: wait(TASKS_SECONDS, then=name),
    }


def _execution_states(phase: DeployPhase, function: str, *, done: str) -> States:
    """An update that takes too long is cancelled once (F2); a rollback is not, for there is nothing behind it.

    A version that is found bad while ECS keeps the former tasks, or that nobody could judge, has its deployment
    stopped: traffic flips back. Where that fails, the update is cancelled.
    """
    name = _names(phase)
    waiting, ways = name["WaitForStack"], {"in_progress": name["WaitForStack"], "succeeded": done}
    states = {
        name["ExecuteChangeSet"]: _step(phase, function, "execute", then=waiting, otherwise=phase.failed),
        waiting: wait(STACK_SECONDS, then=name["PollStack"]),
        name["PollStack"]: _step(phase, function, "poll", then=name["Stack?"], otherwise=phase.failed),
    }
    if phase.purpose == "release":
        ways |= {"overdue": name["CancelUpdate"], "baking": phase.baking}
        states["StopDeployment"] = _step(phase, function, "stop", then=waiting, otherwise=name["CancelUpdate"])
        states[name["CancelUpdate"]] = _step(phase, function, "cancel", then=waiting, otherwise=phase.failed)
    return states | {name["Stack?"]: choice(f"{phase.keys.deploy}.status", ways, phase.failed)}


def _baseline_states(function: str | None, *, then: str, refused: str) -> States:
    if function is None:
        return {}
    return {"StartBaseline": call(function, result="baseline", then=then, otherwise=refused, action="start")}


def _step(phase: DeployPhase, function: str, action: str, *, then: str, otherwise: str) -> dict[str, object]:
    return call(
        function,
        result=phase.keys.deploy,
        then=then,
        otherwise=otherwise,
        failure=phase.failure,
        purpose=phase.purpose,
        action=action,
    )


def _names(phase: DeployPhase) -> dict[str, str]:
    """Return the names that these states have in a release or, prefixed, in a rollback."""
    making = ("CreateChangeSet", "WaitForChangeSet", "InspectChangeSet", "ChangeSet?")
    executing = ("ExecuteChangeSet", "WaitForStack", "PollStack", "Stack?", "CancelUpdate")
    return {name: f"{phase.prefix}{name}" for name in (*making, *executing)}

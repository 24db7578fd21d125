"""The states that put a digest on a stack, and those that see to it that it runs.

The same states serve to release and, prefixed, to put the former digest back.
"""

from dataclasses import dataclass

from exchange_constructs.release.release_states import States, call, choice, wait
from release_engine.times import CHANGE_SET_SECONDS, STACK_SECONDS, TASKS_SECONDS


@dataclass(frozen=True)
class Way:
    """`release` or `rollback`; where an exception goes, and under which key it is kept.

    `baking` is where a release goes on while ECS bakes it, `baked` where it goes once it runs and has been judged.
    """

    purpose: str
    failed: str
    failure: str
    prefix: str = ""
    baking: str = ""
    baked: str = ""

    @property
    def deploy(self) -> str:
        """The key of the deployment's results."""
        return "deploy" if self.purpose == "release" else "rollback"

    @property
    def verified(self) -> str:
        """The key of the verification's results."""
        return "verified" if self.purpose == "release" else "verified_rollback"


def deploy_states(way: Way, function: str, *, done: str, refused: str, baseline: str | None = None) -> States:
    """CreateChangeSet to PollStack. Until the change set is executed nothing is touched, so failing means `refused`.

    `baseline` starts what the new version is compared with, at the same time as the new version itself.
    """
    name = _names(way)
    ready = "StartBaseline" if baseline else name["ExecuteChangeSet"]
    ways = {"pending": name["WaitForChangeSet"], "ready": ready, "no_changes": done}
    return {
        name["CreateChangeSet"]: _step(way, function, "create", then=name["WaitForChangeSet"], otherwise=refused),
        name["WaitForChangeSet"]: wait(CHANGE_SET_SECONDS, then=name["InspectChangeSet"]),
        name["InspectChangeSet"]: _step(way, function, "inspect", then=name["ChangeSet?"], otherwise=refused),
        name["ChangeSet?"]: choice(f"{way.deploy}.status", ways, refused),
        **_baseline_states(baseline, then=name["ExecuteChangeSet"], refused=refused),
        **_execution_states(way, function, done=done),
    }


def verify_states(way: Way, function: str, *, name: str, waiting: str, done: str) -> States:
    """Asks until every task runs the digest, or it is certain that they do not."""
    ways = {"running": done, "waiting": waiting} | ({"baked": way.baked} if way.baked else {})
    return {
        name: call(
            function,
            result=way.verified,
            then=f"{name}?",
            otherwise=way.failed,
            failure=way.failure,
            purpose=way.purpose,
        ),
        f"{name}?": choice(f"{way.verified}.status", ways, way.failed),
        waiting: wait(TASKS_SECONDS, then=name),
    }


def _execution_states(way: Way, function: str, *, done: str) -> States:
    """An update that takes too long is cancelled once (F2); a rollback is not, for there is nothing behind it.

    A version that is found bad while ECS keeps the former tasks, or that nobody could judge, has its deployment
    stopped: traffic flips back. Where that fails, the update is cancelled.
    """
    name = _names(way)
    waiting, ways = name["WaitForStack"], {"in_progress": name["WaitForStack"], "succeeded": done}
    states = {
        name["ExecuteChangeSet"]: _step(way, function, "execute", then=waiting, otherwise=way.failed),
        waiting: wait(STACK_SECONDS, then=name["PollStack"]),
        name["PollStack"]: _step(way, function, "poll", then=name["Stack?"], otherwise=way.failed),
    }
    if way.purpose == "release":
        ways |= {"overdue": name["CancelUpdate"], "baking": way.baking}
        states["StopDeployment"] = _step(way, function, "stop", then=waiting, otherwise=name["CancelUpdate"])
        states[name["CancelUpdate"]] = _step(way, function, "cancel", then=waiting, otherwise=way.failed)
    return states | {name["Stack?"]: choice(f"{way.deploy}.status", ways, way.failed)}


def _baseline_states(function: str | None, *, then: str, refused: str) -> States:
    if function is None:
        return {}
    return {"StartBaseline": call(function, result="baseline", then=then, otherwise=refused, action="start")}


def _step(way: Way, function: str, action: str, *, then: str, otherwise: str) -> dict[str, object]:
    return call(
        function,
        result=way.deploy,
        then=then,
        otherwise=otherwise,
        failure=way.failure,
        purpose=way.purpose,
        action=action,
    )


def _names(way: Way) -> dict[str, str]:
    """Those of the states, as they are called on this way."""
    making = ("CreateChangeSet", "WaitForChangeSet", "InspectChangeSet", "ChangeSet?")
    executing = ("ExecuteChangeSet", "WaitForStack", "PollStack", "Stack?", "CancelUpdate")
    return {name: f"{way.prefix}{name}" for name in (*making, *executing)}

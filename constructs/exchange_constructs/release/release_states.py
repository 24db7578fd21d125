"""The states of a release machine, as data: how a digest is put on a stack, and how a release ends.

https://states-language.net/spec.html. Data rather than constructs: it can be read, compared and walked through, and
costs the synth one call instead of hundreds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Aws

from release_engine.machine_state import PHASE_KEYS, FailureKey, PhaseKeys, Purpose, ResultKey
from release_engine.times import CALL_SECONDS, CHANGE_SET_SECONDS, STACK_SECONDS, TASKS_SECONDS

State = dict[str, Any]
States = dict[str, State]

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
_PASSING = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]

RETRY = {"ErrorEquals": _PASSING, "IntervalSeconds": 2, "MaxAttempts": 5, "BackoffRate": 2}


def call(
    function: str, *, result: ResultKey, then: str, otherwise: str, failure: FailureKey = "failure", **payload: str
) -> State:
    """Calls a function with the whole state and keeps its answer as `result`; an exception leads to `otherwise`.

    Every function may be called twice with the same state, so what passes is tried again.
    """
    return {
        "Type": "Task",
        "Resource": function,
        "Parameters": {**payload, "execution.$": "$$.Execution.Id", "state.$": "$"},
        "ResultPath": f"$.{result}",
        "TimeoutSeconds": CALL_SECONDS,
        "Retry": [RETRY],
        "Catch": [catch(failure, otherwise)],
        "Next": then,
    }


def catch(failure: FailureKey, then: str) -> State:
    """Whatever went wrong is kept as `failure`."""
    return {"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{failure}", "Next": then}


def wait(seconds: float, *, then: str) -> State:
    """The machine waits, never a function."""
    return {"Type": "Wait", "Seconds": int(seconds), "Next": then}


def choice(variable: str, ways: Mapping[str, str], otherwise: str) -> State:
    """Where to go for each value of `variable`; what is not named goes `otherwise`."""
    choices = [{"Variable": f"$.{variable}", "StringEquals": value, "Next": way} for value, way in ways.items()]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}


def fail(error: str, *, cause: str) -> State:
    """The end of an execution that did not release; `cause` is where its reason stands."""
    return {"Type": "Fail", "Error": error, "CausePath": f"$.{cause}"}


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


RELEASED, REFUSED, ROLLED_BACK, FAILED = "RecordSuccess", "RecordRefused", "RecordRolledBack", "RecordFailure"
UNCHANGED = "Forget"
_ENDS = {"released": "Released", "unchanged": "Unchanged", "rolled_back": "RolledBack", "refused": "Refused"}


def end_states(record: str, watch: str, topic: str, baseline: str | None = None) -> States:
    """The ways to end begin at RELEASED, REFUSED, ROLLED_BACK and FAILED; with a baseline, all end it.

    A release that had nothing to do ends by UNCHANGED: it was none, so it is not recorded as one.
    """
    last = "StopBaseline" if baseline else "Unlock"

    def recorded(outcome: str, then: str) -> State:
        told = {"action": "record", "outcome": outcome}
        return call(record, result="recorded", then=then, otherwise="Unrecorded", failure="record_failure", **told)

    return {
        RELEASED: recorded("released", last),
        REFUSED: recorded("refused", last),
        ROLLED_BACK: recorded("rolled_back", "Notify"),
        FAILED: recorded("failed", "Notify"),
        UNCHANGED: call(record, result="recorded", then="Unlock", otherwise=REFUSED, action="forget"),
        "Unrecorded": _unrecorded(),
        "Notify": _notify(topic, last),
        **_without_baseline(baseline),
        # Whatever happens here, the release has its outcome; a lock that stays is taken over by the next release.
        "Unlock": call(
            record,
            result="unlocked",
            then="LookAgain",
            otherwise="LookAgain",
            failure="unlock_failure",
            action="unlock",
        ),
        "LookAgain": _look_again(watch),
        "Outcome?": choice("recorded.outcome", _ENDS, "Failed"),
        **{end: {"Type": "Succeed"} for end in ("Released", "Unchanged")},
        **{end: fail(end, cause="recorded.reason") for end in ("RolledBack", "Refused", "Failed")},
    }


def _look_again(watch: str) -> State:
    """Alarms that went red meanwhile were nobody's: the watch leaves them alone while a release is under way.

    Not waited for, and as an event, so that what it cannot undo pages as after any other event.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
    """
    return {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::lambda:invoke",
        "Parameters": {"FunctionName": watch, "InvocationType": "Event", "Payload": {"action": "look"}},
        "ResultPath": "$.looked",
        "Retry": [RETRY],
        "Catch": [catch("look_failure", "Outcome?")],
        "Next": "Outcome?",
    }


def _without_baseline(function: str | None) -> States:
    """What cannot be stopped now is stopped by the next release."""
    if function is None:
        return {}
    stop = call(
        function,
        result="baseline_stopped",
        then="Unlock",
        otherwise="Unlock",
        failure="baseline_failure",
        action="stop",
    )
    return {"StopBaseline": stop}


def _unrecorded() -> State:
    reason = "States.Format('the outcome could not be recorded: {}', $.record_failure.Cause)"
    return {
        "Type": "Pass",
        "Parameters": {"outcome": "failed", "reason.$": reason},
        "ResultPath": "$.recorded",
        "Next": "Notify",
    }


def _notify(topic: str, then: str) -> State:
    """People who cannot be told do not hold a release up."""
    fields = "$.component, $.recorded.outcome, $.release_id, $.digest, $.requested_by, $.recorded.reason"
    return {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::sns:publish",
        "Parameters": {
            "TopicArn": topic,
            "Subject.$": "States.Format('Release of {}: {}', $.component, $.recorded.outcome)",
            "Message.$": f"States.Format('{{}} {{}} {{}} of {{}}, asked by {{}}: {{}}', {fields})",
        },
        "ResultPath": "$.notified",
        "Catch": [catch("notify_failure", then)],
        "Next": then,
    }

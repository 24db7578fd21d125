"""The states of a release machine, as data: how a digest is put on a stack, and how a release ends.

The format is https://states-language.net/spec.html. Data can be read, compared and walked through, and costs the synth
one call to Node, where constructs would cost hundreds.
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
    """Call a function with the whole state and keep its answer as `result`; an exception leads to `otherwise`.

    Every function may be called twice with the same state, so a call that failed for a passing reason is tried again.
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
    """Catch every error and keep it as `failure`."""
    return {"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{failure}", "Next": then}


def wait(seconds: float, *, then: str) -> State:
    """Wait in the machine, where it costs nothing; no function waits."""
    return {"Type": "Wait", "Seconds": int(seconds), "Next": then}


def choice(variable: str, next_states: Mapping[str, str], otherwise: str) -> State:
    """Go to the next state for each value of `variable`; a value that is not named goes to `otherwise`."""
    choices = [
        {"Variable": f"$.{variable}", "StringEquals": value, "Next": name} for value, name in next_states.items()
    ]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}


def fail(error: str, *, cause: str) -> State:
    """End an execution that did not release; `cause` is the path of its reason in the state."""
    return {"Type": "Fail", "Error": error, "CausePath": f"$.{cause}"}


@dataclass(frozen=True)
class DeployPhase:
    """The names of states between which a digest is deployed, in a release or in a rollback.

    An exception leads to `failed` and is kept under the key `failure`; the names of the states begin with `prefix`.
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
    """Return the states from CreateChangeSet to PollStack; they end in `done`, `refused` or the phase's `failed`.

    Until the change set is executed nothing is touched, so an error means `refused`. The function `baseline` starts the
    tasks that the new version is compared with, at the same time as the new version itself.
    """
    name = _names(phase)
    ready = "StartBaseline" if baseline else name["ExecuteChangeSet"]
    next_states = {"pending": name["WaitForChangeSet"], "ready": ready, "no_changes": done}
    return {
        name["CreateChangeSet"]: _step(phase, function, "create", then=name["WaitForChangeSet"], otherwise=refused),
        name["WaitForChangeSet"]: wait(CHANGE_SET_SECONDS, then=name["InspectChangeSet"]),
        name["InspectChangeSet"]: _step(phase, function, "inspect", then=name["ChangeSet?"], otherwise=refused),
        name["ChangeSet?"]: choice(f"{phase.keys.deploy}.status", next_states, refused),
        **_baseline_states(baseline, then=name["ExecuteChangeSet"], refused=refused),
        **_execution_states(phase, function, done=done),
    }


def verify_states(phase: DeployPhase, function: str, *, name: str, waiting: str, done: str) -> States:
    """Return the states that look until every task runs the digest, or it is certain that they will not."""
    next_states = {"running": done, "waiting": waiting} | ({"baked": phase.baked} if phase.baked else {})
    return {
        name: call(
            function,
            result=phase.keys.verified,
            then=f"{name}?",
            otherwise=phase.failed,
            failure=phase.failure,
            purpose=phase.purpose,
        ),
        f"{name}?": choice(f"{phase.keys.verified}.status", next_states, phase.failed),
        waiting: wait(TASKS_SECONDS, then=name),
    }


def _execution_states(phase: DeployPhase, function: str, *, done: str) -> States:
    """Return the states that execute a change set and follow the stack.

    An update that takes too long is cancelled once (F2); a rollback is not, for there is nothing behind it. A version
    that is found bad while ECS keeps the former tasks, or that nobody could judge, has its deployment stopped: traffic
    flips back. Where that fails, the update is cancelled.
    """
    name = _names(phase)
    waiting, next_states = name["WaitForStack"], {"in_progress": name["WaitForStack"], "succeeded": done}
    states = {
        name["ExecuteChangeSet"]: _step(phase, function, "execute", then=waiting, otherwise=phase.failed),
        waiting: wait(STACK_SECONDS, then=name["PollStack"]),
        name["PollStack"]: _step(phase, function, "poll", then=name["Stack?"], otherwise=phase.failed),
    }
    if phase.purpose == "release":
        next_states |= {"overdue": name["CancelUpdate"], "baking": phase.baking}
        states["StopDeployment"] = _step(phase, function, "stop", then=waiting, otherwise=name["CancelUpdate"])
        states[name["CancelUpdate"]] = _step(phase, function, "cancel", then=waiting, otherwise=phase.failed)
    return states | {name["Stack?"]: choice(f"{phase.keys.deploy}.status", next_states, phase.failed)}


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
    """Return the states of a release's end; they begin with RELEASED, REFUSED, ROLLED_BACK, FAILED or UNCHANGED.

    All but UNCHANGED stop the baseline if there is one. UNCHANGED is for a release that had nothing to do, and so is
    not recorded as one.
    """
    last = "StopBaseline" if baseline else "Unlock"

    def recorded(outcome: str, then: str) -> State:
        payload = {"action": "record", "outcome": outcome}
        return call(record, result="recorded", then=then, otherwise="Unrecorded", failure="record_failure", **payload)

    return {
        RELEASED: recorded("released", last),
        REFUSED: recorded("refused", last),
        ROLLED_BACK: recorded("rolled_back", "Notify"),
        FAILED: recorded("failed", "Notify"),
        UNCHANGED: call(record, result="recorded", then="Unlock", otherwise=REFUSED, action="forget"),
        "Unrecorded": _unrecorded(),
        "Notify": _notify(topic, last),
        **_stop_baseline(baseline),
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
    """Have the watch look at alarms that went red during the release, when it leaves them alone.

    The machine does not wait for it, and it is called as by an event, so that what it cannot undo pages as usual.
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


def _stop_baseline(function: str | None) -> States:
    """Stop the baseline; if that fails, the next release stops it."""
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
    """Tell people of the outcome; if that fails, the release goes on."""
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

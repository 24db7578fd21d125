"""How a release ends: recorded, told to people where it matters, unlocked; then the watch looks again."""

from aws_cdk import Aws

from exchange_constructs.release.release_states import RETRY, State, States, call, catch, choice, fail

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

"""How a release ends: recorded, told to people where it matters, unlocked."""

from aws_cdk import Aws

from exchange_constructs.release_states import State, States, call, catch, choice, fail

RELEASED, REFUSED, ROLLED_BACK, FAILED = "RecordSuccess", "RecordRefused", "RecordRolledBack", "RecordFailure"
_ENDS = {"released": "Released", "rolled_back": "RolledBack", "refused": "Refused"}


def end_states(record: str, topic: str) -> States:
    """The four ways to end begin at RELEASED, REFUSED, ROLLED_BACK and FAILED."""

    def recorded(outcome: str, then: str) -> State:
        told = {"action": "record", "outcome": outcome}
        return call(record, result="recorded", then=then, otherwise="Unrecorded", failure="record_failure", **told)

    return {
        RELEASED: recorded("released", "Unlock"),
        REFUSED: recorded("refused", "Unlock"),
        ROLLED_BACK: recorded("rolled_back", "Notify"),
        FAILED: recorded("failed", "Notify"),
        "Unrecorded": _unrecorded(),
        "Notify": _notify(topic),
        # Whatever happens here, the release has its outcome; a lock that stays is taken over by the next release.
        "Unlock": call(
            record,
            result="unlocked",
            then="Outcome?",
            otherwise="Outcome?",
            failure="unlock_failure",
            action="unlock",
        ),
        "Outcome?": choice("recorded.outcome", _ENDS, "Failed"),
        "Released": {"Type": "Succeed"},
        **{end: fail(end, cause="recorded.reason") for end in ("RolledBack", "Refused", "Failed")},
    }


def _unrecorded() -> State:
    reason = "States.Format('the outcome could not be recorded: {}', $.record_failure.Cause)"
    return {
        "Type": "Pass",
        "Parameters": {"outcome": "failed", "reason.$": reason},
        "ResultPath": "$.recorded",
        "Next": "Notify",
    }


def _notify(topic: str) -> State:
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
        "Catch": [catch("notify_failure", "Unlock")],
        "Next": "Unlock",
    }

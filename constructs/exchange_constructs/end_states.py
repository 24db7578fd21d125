"""How a release ends: recorded, told to people where it matters, unlocked."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from exchange_constructs.release_states import call, choice

_ENDS = {"rolled_back": "RolledBack", "refused": "Refused"}


class EndStates:
    """The four ways to end; `success`, `rolled_back`, `refused` and `failure` are the states that lead there."""

    def __init__(self, scope: Construct, *, record: lambda_.IFunction, topic: sns.ITopic) -> None:
        unlock = _unlock(scope, record)
        notify = _notify(scope, topic)
        notify.add_catch(unlock, result_path="$.notify_failure")
        notify.next(unlock)
        cause = sfn.JsonPath.string_at("$.record_failure.Cause")
        reason = sfn.JsonPath.format("the outcome could not be recorded: {}", cause)
        unrecorded = sfn.Pass(
            scope,
            "Unrecorded",
            parameters={"outcome": "failed", "reason": reason},
            result_path="$.recorded",
        )
        unrecorded.next(notify)

        def recorded(name: str, outcome: str, then: sfn.IChainable) -> sfn.IChainable:
            state = call(
                scope,
                name,
                record,
                result="recorded",
                otherwise=unrecorded,
                failure="record_failure",
                action="record",
                outcome=outcome,
            )
            return state.next(then)

        self.success = recorded("RecordSuccess", "released", unlock)
        self.refused = recorded("RecordRefused", "refused", unlock)
        self.rolled_back = recorded("RecordRolledBack", "rolled_back", notify)
        self.failure = recorded("RecordFailure", "failed", notify)


def _unlock(scope: Construct, record: lambda_.IFunction) -> sfn.TaskStateBase:
    """Whatever happens here, the release has its outcome; a lock that stays is taken over by the next release."""
    ends: dict[str, sfn.IChainable] = {
        outcome: sfn.Fail(scope, end, error=end, cause_path="$.recorded.reason") for outcome, end in _ENDS.items()
    }
    ends["released"] = sfn.Succeed(scope, "Released")
    failed = sfn.Fail(scope, "Failed", error="Failed", cause_path="$.recorded.reason")
    outcome = choice(scope, "Outcome?", "recorded.outcome", ends, failed)
    unlock = call(
        scope, "Unlock", record, result="unlocked", otherwise=outcome, failure="unlock_failure", action="unlock"
    )
    unlock.next(outcome)
    return unlock


def _notify(scope: Construct, topic: sns.ITopic) -> tasks.SnsPublish:
    field = sfn.JsonPath.string_at
    return tasks.SnsPublish(
        scope,
        "Notify",
        topic=topic,
        subject=sfn.JsonPath.format("Release of {}: {}", field("$.component"), field("$.recorded.outcome")),
        message=sfn.TaskInput.from_text(
            sfn.JsonPath.format(
                "{} {} {} of {}, asked by {}: {}",
                field("$.component"),
                field("$.recorded.outcome"),
                field("$.release_id"),
                field("$.digest"),
                field("$.requested_by"),
                field("$.recorded.reason"),
            )
        ),
        result_path=sfn.JsonPath.DISCARD,
    )

"""The third net: what wakes the rollback after a release was called good."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct


class RollbackRules(Construct):
    """A failed deployment of one of `services`, or an alarm whose name begins with one of `alarm_prefixes`.

    The function decides whether that means anything: it knows the ledger.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: lambda_.IFunction,
        service_arns: Sequence[str],
        alarm_prefixes: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        target = targets.LambdaFunction(function, retry_attempts=3, max_event_age=Duration.hours(1))
        events.Rule(
            self,
            "DeploymentFailed",
            description="An ECS deployment of a released service failed",
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Deployment State Change"],
                resources=list(service_arns),
                detail={"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            ),
            targets=[target],
        )
        events.Rule(
            self,
            "AlarmRed",
            description="An alarm of a released component went red",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={
                    "alarmName": [{"prefix": prefix} for prefix in alarm_prefixes],
                    "state": {"value": ["ALARM"]},
                },
            ),
            targets=[target],
        )

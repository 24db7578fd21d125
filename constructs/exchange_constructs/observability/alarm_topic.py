"""Where people hear of what went wrong."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct


class AlarmTopic(Construct):
    """Tells of every alarm whose name begins with `alarm_prefix`, when it goes red and when it is quiet again, and of
    every failed deployment of one of `service_arns`.

    By events rather than by an action on each alarm: an alarm need not know who listens. Its key is its own, since
    EventBridge must be let in on it.
    """

    def __init__(self, scope: Construct, id_: str, *, alarm_prefix: str, service_arns: Sequence[str]) -> None:
        super().__init__(scope, id_)
        if not service_arns:
            raise ValueError(f"{self.node.path}: without services the rule would tell of every deployment there is")
        key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.DESTROY)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        target = targets.SnsTopic(self.topic, retry_attempts=3, max_event_age=Duration.hours(1))
        key.grant(iam.ServicePrincipal("events.amazonaws.com"), "kms:Decrypt", "kms:GenerateDataKey*")
        events.Rule(
            self,
            "AlarmChanged",
            description="An alarm of this environment went red or became quiet",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={
                    "alarmName": [{"prefix": alarm_prefix}],
                    "state": {"value": ["ALARM", "OK"]},
                    "previousState": {"value": ["ALARM", "OK"]},
                },
            ),
            targets=[target],
        )
        events.Rule(
            self,
            "DeploymentFailed",
            description="An ECS deployment of this environment failed",
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Deployment State Change"],
                resources=list(service_arns),
                detail={"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            ),
            targets=[target],
        )

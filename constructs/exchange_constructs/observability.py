"""What people hear of and look at: the alarms' topic, dashboards, and how logs are encrypted and kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from exchange_constructs.values import hours


def retention_of(days: int) -> logs.RetentionDays:
    """CDK's name for a number of days that CloudWatch Logs knows."""
    known = {1: "ONE_DAY", 3: "THREE_DAYS", 5: "FIVE_DAYS", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH"}
    known |= {60: "TWO_MONTHS", 90: "THREE_MONTHS", 180: "SIX_MONTHS", 365: "ONE_YEAR", 731: "TWO_YEARS"}
    return logs.RetentionDays[known[days]]


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


_COLUMNS = 24  # how wide a dashboard is


@dataclass(frozen=True)
class Graph:
    """One graph; `unit` is the label of its axis."""

    title: str
    metrics: Sequence[cloudwatch.IMetric]
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """One dashboard: the state of its alarms, then its rows."""

    name: str
    rows: Sequence[Sequence[Graph]]
    alarms: Sequence[cloudwatch.IAlarm] = ()


class Dashboards(Construct):
    """One dashboard per table, named `<prefix>-<table>`: people look for them by name."""

    def __init__(self, scope: Construct, id_: str, *, prefix: str, tables: Sequence[Table]) -> None:
        super().__init__(scope, id_)
        for table in tables:
            cloudwatch.Dashboard(
                self,
                table.name.capitalize(),
                dashboard_name=f"{prefix}-{table.name}",
                default_interval=hours(3),
                widgets=[*_states(table.alarms), *([_widget(graph, len(row)) for graph in row] for row in table.rows)],
            )


def _states(alarms: Sequence[cloudwatch.IAlarm]) -> list[list[cloudwatch.IWidget]]:
    if not alarms:
        return []
    height = 1 + -(-len(alarms) // 4)
    return [[cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=_COLUMNS, height=height)]]


def _widget(graph: Graph, beside: int) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=graph.title,
        left=list(graph.metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, label=graph.unit or None, show_units=False),
        width=_COLUMNS // beside,
        height=6,
    )

"""The topic that tells people of alarms, the dashboards, and how logs are encrypted and kept."""

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
    """Return CDK's value for a number of days; a number that CloudWatch Logs does not know is a `KeyError`."""
    names = {1: "ONE_DAY", 3: "THREE_DAYS", 5: "FIVE_DAYS", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH"}
    names |= {60: "TWO_MONTHS", 90: "THREE_MONTHS", 180: "SIX_MONTHS", 365: "ONE_YEAR", 731: "TWO_YEARS"}
    return logs.RetentionDays[names[days]]


class AlarmTopic(Construct):
    """A topic that tells of every alarm whose name begins with `alarm_prefix`, when it goes red and when it is quiet
    again, and of every failed deployment of one of `service_arns`.

    Events tell it rather than an action on each alarm, so that an alarm need not know who listens. It has a key of its
    own, because EventBridge must be allowed to use the key.
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
class DashboardSpec:
    """What one dashboard shows: the state of its alarms, then its rows of graphs."""

    name: str
    rows: Sequence[Sequence[Graph]]
    alarms: Sequence[cloudwatch.IAlarm] = ()


class Dashboards(Construct):
    """Dashboards that are named `<prefix>-<name>`, since people look for them by name."""

    def __init__(self, scope: Construct, id_: str, *, prefix: str, dashboards: Sequence[DashboardSpec]) -> None:
        super().__init__(scope, id_)
        for dashboard in dashboards:
            cloudwatch.Dashboard(
                self,
                dashboard.name.capitalize(),
                dashboard_name=f"{prefix}-{dashboard.name}",
                default_interval=hours(3),
                widgets=[
                    *_alarm_states(dashboard.alarms),
                    *([_widget(graph, len(row)) for graph in row] for row in dashboard.rows),
                ],
            )


def _alarm_states(alarms: Sequence[cloudwatch.IAlarm]) -> list[list[cloudwatch.IWidget]]:
    if not alarms:
        return []
    height = 1 + -(-len(alarms) // 4)
    return [[cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=_COLUMNS, height=height)]]


def _widget(graph: Graph, graphs_in_row: int) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=graph.title,
        left=list(graph.metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, label=graph.unit or None, show_units=False),
        width=_COLUMNS // graphs_in_row,
        height=6,
    )

"""Who hears of what goes wrong, and where one looks."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.observability import AlarmTopic, Dashboards, Graph, Table
from exchange_constructs.values import arn_scope, hours, minutes
from settings.loading import Settings
from stacks.data import DataStack
from stacks.platform import PlatformStack
from stacks.release import ReleaseStack

_UTILIZATION = (("Processors", "CPUUtilization"), ("Memory", "MemoryUtilization"))
# How an execution ends when nobody is left to record it; every other end is in the ledger and people were told.
_SILENT_ENDS = {"timed-out": "ExecutionsTimedOut", "aborted": "ExecutionsAborted"}
# What the components report of their business (docs/contracts.md): title, metric, statistic, unit.
_BUSINESS = (
    ("Orders", "OrdersPerMinute", "Sum", "per minute"),
    ("Trades", "TradesPerMinute", "Sum", "per minute"),
    ("Matching", "MatchLatency", "p95", "ms"),
    ("Sequence gap of the engine", "SequenceGap", "Maximum", "messages"),
    ("Lag of the Kafka consumers", "ConsumerLag", "Maximum", "messages"),
    ("Wait in the job queue", "QueueLatency", "Maximum", "s"),
)


class Watched(Protocol):
    """A component's stack: its alarms live with it, where the gates find them."""

    @property
    def alarms(self) -> Sequence[cloudwatch.IAlarm]: ...


class ObservabilityStack(Stack):
    """The topic, the dashboards, and the alarms on the releasing itself."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        platform: PlatformStack,
        data: DataStack,
        components: Mapping[str, Watched],
        release: ReleaseStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings, self._cluster = settings, platform.cluster.cluster_name
        prefix = settings.stack_name("")
        self.topic = AlarmTopic(self, "Alarms", alarm_prefix=prefix, service_arns=self._service_arns()).topic
        self.alarms = [
            self._alarm(name, end, machine) for name, machine in release.machines.items() for end in _SILENT_ENDS
        ]
        watched = [alarm for component in components.values() for alarm in component.alarms]
        operations = Table("operations", self._operations(platform), watched)
        deployments = Table("deployments", self._deployments(release, data), self.alarms)
        business = Table("business", self._business())
        Dashboards(self, "Dashboards", prefix=prefix.rstrip("-"), tables=[operations, deployments, business])

    def _service_arns(self) -> list[str]:
        return [
            arn_scope(self).arn("ecs", f"service/{self._cluster}/{service.name}")
            for component in self._settings.components.values()
            for service in component.services.values()
        ]

    def _alarm(self, component: str, end: str, machine: sfn.IStateMachine) -> cloudwatch.Alarm:
        """A release that ended without a word may have left a bad version behind."""
        return cloudwatch.Alarm(
            self,
            f"{component.capitalize()}{_SILENT_ENDS[end]}",
            alarm_name=self._settings.stack_name(f"release-{component}-{end}"),
            alarm_description=f"A release of {component} ended without recording an outcome: see the runbook",
            metric=machine.metric(_SILENT_ENDS[end], statistic="Sum", period=minutes(1)),
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _operations(self, platform: PlatformStack) -> list[list[Graph]]:
        """What users see, then how much the services have left."""
        users = platform.load_balancer.metrics
        failed = users.http_code_target(
            elbv2.HttpCodeTarget.TARGET_5XX_COUNT, statistic="Sum", period=minutes(1), label="5xx"
        )
        unreached = users.http_code_elb(
            elbv2.HttpCodeElb.ELB_5XX_COUNT, statistic="Sum", period=minutes(1), label="5xx, no target"
        )
        asked = users.request_count(statistic="Sum", period=minutes(1))
        times = [
            users.target_response_time(statistic=one, period=minutes(1), label=one) for one in ("p50", "p95", "p99")
        ]
        seen = [
            Graph("Requests", [asked], "per minute"),
            Graph("Errors", [failed, unreached]),
            Graph("Times", times, "s"),
        ]
        left = [Graph(title, self._of_services(name), "%") for title, name in _UTILIZATION]
        return [seen, left]

    def _of_services(self, metric: str) -> list[cloudwatch.IMetric]:
        names = [one.name for component in self._settings.components.values() for one in component.services.values()]
        return [
            cloudwatch.Metric(
                namespace="AWS/ECS",
                metric_name=metric,
                dimensions_map={"ClusterName": self._cluster, "ServiceName": name},
                statistic="Average",
                period=minutes(1),
                label=name,
            )
            for name in names
        ]

    def _deployments(self, release: ReleaseStack, data: DataStack) -> list[list[Graph]]:
        """How releases end and how long they take; then the ledger, without which there is none."""
        machines = release.machines.items()
        ends = [
            Graph(
                title,
                [one.metric(metric, statistic="Sum", period=hours(1), label=name) for name, one in machines],
            )
            for title, metric in (("Released", "ExecutionsSucceeded"), ("Not released", "ExecutionsFailed"))
        ]
        times = Graph("Duration", [one.metric_time(statistic="Maximum", label=name) for name, one in machines], "ms")
        ledger = [data.ledger.metric_consumed_write_capacity_units(), data.ledger.metric_user_errors()]
        return [[*ends, times], [Graph("Ledger", ledger)]]

    def _business(self) -> list[list[Graph]]:
        graphs = [Graph(title, [self._reported(name, how)], unit) for title, name, how, unit in _BUSINESS]
        return [graphs[:3], graphs[3:]]

    def _reported(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self._settings.project.capitalize(),
            metric_name=name,
            dimensions_map={"Environment": self._settings.environment},
            statistic=statistic,
            period=minutes(1),
        )

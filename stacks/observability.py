"""The stack of what people are told when something goes wrong, and of the dashboards that they look at."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.observability import AlarmTopic, Dashboards, DashboardSpec, Graph
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


class HasAlarms(Protocol):
    """A component's stack, which has the component's alarms, where the gates find them."""

    @property
    def alarms(self) -> Sequence[cloudwatch.IAlarm]: ...


class ObservabilityStack(Stack):
    """The topic for alarms, the dashboards, and the alarms on releases themselves."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        platform: PlatformStack,
        data: DataStack,
        components: Mapping[str, HasAlarms],
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
        operations = DashboardSpec("operations", self._operations(platform), watched)
        deployments = DashboardSpec("deployments", self._deployments(release, data), self.alarms)
        business = DashboardSpec("business", self._business())
        Dashboards(self, "Dashboards", prefix=prefix.rstrip("-"), dashboards=[operations, deployments, business])

    def _service_arns(self) -> list[str]:
        return [
            arn_scope(self).arn("ecs", f"service/{self._cluster}/{service.name}")
            for component in self._settings.components.values()
            for service in component.services.values()
        ]

    def _alarm(self, component: str, end: str, machine: sfn.IStateMachine) -> cloudwatch.Alarm:
        """Make the alarm on executions that ended without an outcome: such a release may leave a bad version behind."""
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
        """Return two rows: what users see, and how much the services use of what they have."""
        users = platform.load_balancer.metrics
        failed = users.http_code_target(
            elbv2.HttpCodeTarget.TARGET_5XX_COUNT, statistic="Sum", period=minutes(1), label="5xx"
        )
        unreached = users.http_code_elb(
            elbv2.HttpCodeElb.ELB_5XX_COUNT, statistic="Sum", period=minutes(1), label="5xx, no target"
        )
        requests = users.request_count(statistic="Sum", period=minutes(1))
        times = [
            users.target_response_time(statistic=percentile, period=minutes(1), label=percentile)
            for percentile in ("p50", "p95", "p99")
        ]
        seen_by_users = [
            Graph("Requests", [requests], "per minute"),
            Graph("Errors", [failed, unreached]),
            Graph("Times", times, "s"),
        ]
        utilization = [Graph(title, self._service_metrics(name), "%") for title, name in _UTILIZATION]
        return [seen_by_users, utilization]

    def _service_metrics(self, metric: str) -> list[cloudwatch.IMetric]:
        components = self._settings.components.values()
        names = [service.name for component in components for service in component.services.values()]
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
        """Return two rows: how releases end and how long they take; and the ledger, which every release needs."""
        machines = release.machines.items()
        ends = [
            Graph(
                title,
                [machine.metric(metric, statistic="Sum", period=hours(1), label=name) for name, machine in machines],
            )
            for title, metric in (("Released", "ExecutionsSucceeded"), ("Not released", "ExecutionsFailed"))
        ]
        durations = [machine.metric_time(statistic="Maximum", label=name) for name, machine in machines]
        ledger = [data.ledger.metric_consumed_write_capacity_units(), data.ledger.metric_user_errors()]
        return [[*ends, Graph("Duration", durations, "ms")], [Graph("Ledger", ledger)]]

    def _business(self) -> list[list[Graph]]:
        graphs = [Graph(title, [self._reported(name, statistic)], unit) for title, name, statistic, unit in _BUSINESS]
        return [graphs[:3], graphs[3:]]

    def _reported(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self._settings.project.capitalize(),
            metric_name=name,
            dimensions_map={"Environment": self._settings.environment},
            statistic=statistic,
            period=minutes(1),
        )

"""The alarms of a service, which roll its deployment back, which the gates read, and of which people are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from exchange_constructs.service.service_parts import ServiceContext
from exchange_constructs.values import minutes


@dataclass(frozen=True)
class AlarmLimit:
    """When one alarm is red: `metric` is above `limit` (below, if `below`) for `minutes` in a row."""

    name: str
    metric: cloudwatch.IMetric
    limit: float
    minutes: int
    description: str
    below: bool = False


@dataclass(frozen=True)
class TargetMetrics:
    """The metrics that the load balancer reports of one target group; both are given by their full names.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    load_balancer: str
    target_group: str

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """Return one of them, minute by minute."""
        return cloudwatch.Metric(
            namespace="AWS/ApplicationELB",
            metric_name=name,
            dimensions_map={"LoadBalancer": self.load_balancer, "TargetGroup": self.target_group},
            statistic=statistic,
            period=minutes(1),
        )


def service_alarms(scope: Construct, context: ServiceContext, *, name: str) -> list[cloudwatch.Alarm]:
    """Make the alarm of a service without a load balancer: red when none of its tasks runs."""
    running = cloudwatch.Metric(
        namespace="ECS/ContainerInsights",
        metric_name="RunningTaskCount",
        dimensions_map={"ClusterName": context.cluster.cluster_name, "ServiceName": name},
        statistic="Maximum",
        period=minutes(1),
    )
    alarm_limits = [
        AlarmLimit("not-running", running, 1, 5, "No task of the service has run for five minutes", below=True)
    ]
    return _alarms(scope, context, name, alarm_limits)


@dataclass(frozen=True)
class UserLimits:
    """The limits of what users may see: the share of their requests that fail, and the latency at a percentile."""

    max_error_rate: float
    percentile: float
    max_ms: float


def web_alarms(
    scope: Construct,
    context: ServiceContext,
    *,
    name: str,
    targets: Sequence[TargetMetrics],
    limits: UserLimits,
) -> list[cloudwatch.Alarm]:
    """Make the alarms on what users see, whichever of the two target groups has the traffic."""
    blue, green = targets
    share = cloudwatch.MathExpression(
        expression="100 * (FILL(bad0, 0) + FILL(bad1, 0)) / (FILL(all0, 0) + FILL(all1, 0))",
        label="5xx",
        period=minutes(1),
        using_metrics={
            "bad0": blue.metric("HTTPCode_Target_5XX_Count", "Sum"),
            "bad1": green.metric("HTTPCode_Target_5XX_Count", "Sum"),
            "all0": blue.metric("RequestCount", "Sum"),
            "all1": green.metric("RequestCount", "Sum"),
        },
    )
    times = _larger([target.metric("TargetResponseTime", f"p{limits.percentile:g}") for target in targets])
    unhealthy = _larger([target.metric("UnHealthyHostCount", "Maximum") for target in targets])
    failing = f"More than {limits.max_error_rate:.1%} of users' requests fail"
    slow = f"The p{limits.percentile:g} of users' requests is above {limits.max_ms:g} ms"
    alarm_limits = [
        AlarmLimit("5xx", share, 100 * limits.max_error_rate, 2, failing),
        AlarmLimit("slow", times, limits.max_ms / 1000, 3, slow),
        AlarmLimit("unhealthy", unhealthy, 0, 3, "A target has failed the load balancer's health check for 3 minutes"),
    ]
    return _alarms(scope, context, name, alarm_limits)


def _larger(metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    using: Mapping[str, cloudwatch.IMetric] = {"a": metrics[0], "b": metrics[1]}
    expression = "IF(FILL(a, 0) > FILL(b, 0), FILL(a, 0), FILL(b, 0))"
    return cloudwatch.MathExpression(expression=expression, period=minutes(1), using_metrics=dict(using))


def _alarms(
    scope: Construct, context: ServiceContext, service: str, limits: Sequence[AlarmLimit]
) -> list[cloudwatch.Alarm]:
    return [_alarm(scope, context, service, limit) for limit in limits]


def _alarm(scope: Construct, context: ServiceContext, service: str, limit: AlarmLimit) -> cloudwatch.Alarm:
    """Make an alarm whose name begins with its component, by which the gates find it. Without data it is not red."""
    compare = cloudwatch.ComparisonOperator
    operator = compare.LESS_THAN_THRESHOLD if limit.below else compare.GREATER_THAN_THRESHOLD
    return cloudwatch.Alarm(
        scope,
        "".join(word.capitalize() for word in limit.name.split("-")) + "Alarm",
        alarm_name=f"{context.alarm_prefix}{service}-{limit.name}",
        alarm_description=f"{limit.description}: see the runbook",
        metric=limit.metric,
        threshold=limit.limit,
        comparison_operator=operator,
        evaluation_periods=limit.minutes,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )

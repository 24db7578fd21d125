"""The alarms of a service: what its deployment, the gates and people are told of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from exchange_constructs.service.service_parts import ServiceContext
from exchange_constructs.values import minutes


@dataclass(frozen=True)
class AlarmLimit:
    """One alarm: red when `metric` is above `limit` (below, if `below`) for `minutes` in a row."""

    what: str
    metric: cloudwatch.IMetric
    limit: float
    minutes: int
    description: str
    below: bool = False


@dataclass(frozen=True)
class TargetMetrics:
    """What the load balancer tells CloudWatch of one target group, both by their full names.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    load_balancer: str
    target_group: str

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """By the minute."""
        return cloudwatch.Metric(
            namespace="AWS/ApplicationELB",
            metric_name=name,
            dimensions_map={"LoadBalancer": self.load_balancer, "TargetGroup": self.target_group},
            statistic=statistic,
            period=minutes(1),
        )


def service_alarms(scope: Construct, context: ServiceContext, *, name: str) -> list[cloudwatch.Alarm]:
    """Of a service without a load balancer: that it runs at all."""
    running = cloudwatch.Metric(
        namespace="ECS/ContainerInsights",
        metric_name="RunningTaskCount",
        dimensions_map={"ClusterName": context.cluster.cluster_name, "ServiceName": name},
        statistic="Maximum",
        period=minutes(1),
    )
    watches = [AlarmLimit("not-running", running, 1, 5, "No task of the service has run for five minutes", below=True)]
    return _alarms(scope, context, name, watches)


@dataclass(frozen=True)
class UserLimits:
    """What users may see of a service: the share of failures, and the latency at a percentile."""

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
    """What users see of both target groups, whichever has the traffic: errors, slowness, targets that are ill."""
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
    slow, many = f"The p{limits.percentile:g}", f"More than {limits.max_error_rate:.1%}"
    ill = _larger([target.metric("UnHealthyHostCount", "Maximum") for target in targets])
    watches = [
        AlarmLimit("5xx", share, 100 * limits.max_error_rate, 2, f"{many} of users' requests fail"),
        AlarmLimit("slow", times, limits.max_ms / 1000, 3, f"{slow} of users' requests is above {limits.max_ms:g} ms"),
        AlarmLimit("unhealthy", ill, 0, 3, "A target has failed the load balancer's health check for 3 minutes"),
    ]
    return _alarms(scope, context, name, watches)


def _larger(metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    using: Mapping[str, cloudwatch.IMetric] = {"a": metrics[0], "b": metrics[1]}
    expression = "IF(FILL(a, 0) > FILL(b, 0), FILL(a, 0), FILL(b, 0))"
    return cloudwatch.MathExpression(expression=expression, period=minutes(1), using_metrics=dict(using))


def _alarms(
    scope: Construct, context: ServiceContext, name: str, watches: Sequence[AlarmLimit]
) -> list[cloudwatch.Alarm]:
    return [_alarm(scope, context, name, watch) for watch in watches]


def _alarm(scope: Construct, context: ServiceContext, name: str, watch: AlarmLimit) -> cloudwatch.Alarm:
    """Named by its component first: that is how the gates find it. No data is no alarm, and no health either."""
    compare = cloudwatch.ComparisonOperator
    operator = compare.LESS_THAN_THRESHOLD if watch.below else compare.GREATER_THAN_THRESHOLD
    return cloudwatch.Alarm(
        scope,
        "".join(word.capitalize() for word in watch.what.split("-")) + "Alarm",
        alarm_name=f"{context.alarm_prefix}{name}-{watch.what}",
        alarm_description=f"{watch.description}: see the runbook",
        metric=watch.metric,
        threshold=watch.limit,
        comparison_operator=operator,
        evaluation_periods=watch.minutes,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )

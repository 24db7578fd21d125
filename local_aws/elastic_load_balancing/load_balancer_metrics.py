"""What a load balancer tells CloudWatch, once a minute of the clock of the local AWS.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from time import time

from local_aws.clock import Clock
from local_aws.elastic_load_balancing import forward_actions
from local_aws.elastic_load_balancing.target_health import TargetGroups
from local_aws.ministack_parts.services import alb, cloudwatch

NAMESPACE = "AWS/ApplicationELB"
Dimensions = tuple[tuple[str, str], ...]


def full_name(target_group: str) -> str:
    """Return `targetgroup/name/id`: dimension and TargetGroupFullName (ministack leaves the first word out)."""
    return f"targetgroup/{alb.end_of_arn(target_group, 'targetgroup/')}"


class LoadBalancerMetrics:
    """Counts requests as they are answered; publishes and begins anew each minute."""

    def __init__(self, groups: TargetGroups, clock: Clock) -> None:
        self._groups, self._clock = groups, clock
        self._counts: Counter[tuple[str, Dimensions]] = Counter()
        self._milliseconds: dict[Dimensions, Counter[int]] = defaultdict(Counter)

    def answered_by_target(self, load_balancer: str, group: str, status: int, seconds: float) -> None:
        """Count a target's answer, with its status and the time it took."""
        for where in _places(load_balancer, group):
            self._counts["RequestCount", where] += 1
            self._counts[f"HTTPCode_Target_{status // 100}XX_Count", where] += 1
            self._milliseconds[where][round(seconds * 1000)] += 1

    def answered_itself(self, load_balancer: str, status: int) -> None:
        """Count an answer of the load balancer's own; only its errors are counted by code."""
        where = _places(load_balancer, None)[0]
        self._counts["RequestCount", where] += 1
        if status >= 400:
            self._counts[f"HTTPCode_ELB_{status // 100}XX_Count", where] += 1

    async def publish_for_ever(self) -> None:
        """Publish once a minute of the clock; to be run in the data plane's loop."""
        while True:
            await asyncio.sleep(self._clock.real(60))
            self._publish()

    def _publish(self) -> None:
        counts, self._counts = self._counts, Counter()
        times, self._milliseconds = self._milliseconds, defaultdict(Counter)
        for (name, where), count in counts.items():
            cloudwatch.record_metric(NAMESPACE, name, count, "Count", dict(where))
        for where, taken in times.items():
            _record_times(where, taken)
        for where, states in self._health():
            cloudwatch.record_metric(NAMESPACE, "HealthyHostCount", states["healthy"], "Count", dict(where))
            cloudwatch.record_metric(NAMESPACE, "UnHealthyHostCount", states["unhealthy"], "Count", dict(where))

    def _health(self) -> Iterator[tuple[Dimensions, Counter[str]]]:
        for group in self._groups.groups():
            states = Counter(target.state for target in self._groups.listed(group))
            for load_balancer in set(forward_actions.referring(group)):
                yield _places(load_balancer, group)[-1], states


def _record_times(where: Dimensions, taken: Counter[int]) -> None:
    """Put one point for each millisecond, with its count: enough for percentiles, and small."""
    key = (NAMESPACE, "TargetResponseTime", cloudwatch.dimensions_key(dict(where)))
    points = cloudwatch.datapoints(key)
    for milliseconds, count in taken.items():
        point = {"Timestamp": time(), "Value": milliseconds / 1000, "Count": float(count), "Unit": "Seconds"}
        points.append(point | {"Dimensions": dict(where)})


def _places(load_balancer: str, group: str | None) -> list[Dimensions]:
    """Return the dimensions of a metric: the load balancer, and the load balancer with the target group."""
    balancer = ("LoadBalancer", alb.end_of_arn(load_balancer, "loadbalancer/"))
    if group is None:
        return [(balancer,)]
    return [(balancer,), (balancer, ("TargetGroup", full_name(group)))]

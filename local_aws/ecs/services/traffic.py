"""Which revision the load balancer sends requests to, and in what steps production traffic gets from blue to green.

ECS owns the weights of the rules named by the service. Traffic moves at once, after a canary, or in equal steps.
"""

from collections.abc import Iterator
from typing import NamedTuple

from local_aws.ecs.services.rollouts import Rollout
from local_aws.ecs.tasks.tasks import Target
from local_aws.elastic_load_balancing import load_balancer
from local_aws.ministack_parts.answers import Record


class Step(NamedTuple):
    """A step of the traffic shift: the percentage of production traffic for green, and the minutes to stay there."""

    percent: float
    minutes: float


def steps(configuration: Record, *, first: bool) -> Iterator[Step]:
    """Yield the steps; a first deployment has nothing to take traffic from, and no wait follows the last step."""
    if not first:
        yield from _EARLIER.get(str(configuration.get("strategy")), _none)(configuration)
    yield Step(100.0, 0.0)


def _canary(configuration: Record) -> Iterator[Step]:
    canary = configuration.get("canaryConfiguration") or {}
    percent = float(canary.get("canaryPercent", 5))
    if percent < 100:
        yield Step(percent, float(canary.get("canaryBakeTimeInMinutes", 10)))


def _linear(configuration: Record) -> Iterator[Step]:
    linear = configuration.get("linearConfiguration") or {}
    size, minutes = float(linear.get("stepPercent", 10)), float(linear.get("stepBakeTimeInMinutes", 6))
    percent = size
    while percent < 100:
        yield Step(percent, minutes)
        percent = round(percent + size, 1)


def _none(_configuration: Record) -> Iterator[Step]:
    yield from ()


_EARLIER = {"CANARY": _canary, "LINEAR": _linear}


def places(settings: Record, serving: Rollout | None) -> tuple[Target, ...]:
    """Return where a revision registers: at the group that does not serve now; a first revision at the first one."""
    taken = {target.group for target in serving.targets} if serving else set()
    return tuple(_place(balancer, taken) for balancer in settings.get("loadBalancers") or [])


def shift_production(target: Rollout, other: Rollout | None, percent: float) -> None:
    """Send `percent` of production traffic to `target`, the rest to the other revision."""
    _shift(target, "productionListenerRule", percent)
    target.production_weight = percent
    if other is not None:
        other.production_weight = 100 - percent


def shift_test(target: Rollout, other: Rollout | None) -> None:
    """Send all test traffic to `target`."""
    _shift(target, "testListenerRule", 100)
    target.test_weight = 100
    if other is not None:
        other.test_weight = 0


def _shift(target: Rollout, which: str, percent: float) -> None:
    whole = 100 if percent == round(percent) else 1000  # a weight is a whole number of at most 999
    weight = round(percent * whole / 100)
    for rule, own, alternate in _rules(target, which):
        load_balancer.set_weights(rule, {own: weight, alternate: whole - weight})


def _place(balancer: Record, taken: set[str]) -> Target:
    first = balancer["targetGroupArn"]
    alternate = (balancer.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
    return Target(alternate if alternate and first in taken else first, int(balancer["containerPort"]))


def _rules(target: Rollout, which: str) -> Iterator[tuple[str, str, str]]:
    """Yield (rule, the target group of this revision, the other one) for each load balancer of the service."""
    balancers: list[Record] = target.revision.settings.get("loadBalancers") or []
    for target_of_group, balancer in zip(target.targets, balancers, strict=True):
        advanced = balancer.get("advancedConfiguration") or {}
        if rule := advanced.get(which):
            groups = [balancer["targetGroupArn"], advanced["alternateTargetGroupArn"]]
            yield rule, target_of_group.group, next(group for group in groups if group != target_of_group.group)

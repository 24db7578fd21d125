"""How long deploying the change takes: what is declared is certain, the rest is a rule of thumb.

`cdk deploy` takes the stacks one after the other; inside a stack CloudFormation does what it can at the same time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.review.changes import Change, Impact, Json, StackChange, at
from release.review.restarts import Restart

_STACK = 1.0  # a stack's own time: the change set, the events, the cleaning up
_START = 2.0  # a task: pulling the image, the health check
# Minutes to make one and to change one. Experience, not promises: AWS gives none for most of them.
_SLOW: Mapping[str, tuple[float, float]] = {
    "AWS::RDS::DBInstance": (12, 10),
    "AWS::ElastiCache::ReplicationGroup": (10, 10),
    "AWS::MSK::Cluster": (30, 45),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (3, 1),
    "AWS::EC2::NatGateway": (2, 1),
    "AWS::EC2::VPCEndpoint": (2, 1),
    "AWS::EFS::MountTarget": (2, 2),
    "AWS::WAFv2::WebACL": (1, 1),
}


@dataclass(frozen=True)
class Minutes:
    """`declared` is waited whatever happens: bake times and the time that old tasks get to stop."""

    declared: float
    expected: float


def minutes_of(stacks: Sequence[StackChange], restarts: Sequence[Restart]) -> Minutes:
    """Of all stacks that `cdk deploy` would update; one that is only removed from the application it leaves alone."""
    deployed = [stack for stack in stacks if stack.new is not None]
    waits = [_waits_in(stack.name, restarts) for stack in deployed]
    slowest = [max((_of_change(change) for change in stack.changes), default=0.0) for stack in deployed]
    starts = [_START if _restarting(stack.name, restarts) else 0.0 for stack in deployed]
    expected = [_STACK + slow + wait + start for slow, wait, start in zip(slowest, waits, starts, strict=True)]
    return Minutes(declared=round(sum(waits), 1), expected=round(sum(expected), 1))


def declared_wait(restart: Restart) -> float:
    """Minutes that the service's own settings make a deployment last.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-service-deploymentconfiguration.html
    """
    settings = at(restart.definition, "DeploymentConfiguration") or {}
    bake = float(settings.get("BakeTimeInMinutes") or 0)
    canary = float((settings.get("CanaryConfiguration") or {}).get("CanaryBakeTimeInMinutes") or 0)
    return bake + canary + _linear(settings.get("LinearConfiguration") or {}) + _stop(restart)


def _linear(settings: Json) -> float:
    """The last step's wait is the bake time."""
    percent = float(settings.get("StepPercent") or 100)
    steps = max(0, -int(-100 // percent) - 1)
    return steps * float(settings.get("StepBakeTimeInMinutes") or 0)


def _stop(restart: Restart) -> float:
    """Only where the old task must be gone before the new one starts is its stopping waited for."""
    if not restart.stops_first:
        return 0.0
    containers = at(restart.task, "ContainerDefinitions") or []
    return max((float(one.get("StopTimeout") or 30) for one in containers), default=30.0) / 60


def _restarting(stack: str, restarts: Sequence[Restart]) -> list[Restart]:
    return [one for one in restarts if one.path.split("/")[0] == stack]


def _waits_in(stack: str, restarts: Sequence[Restart]) -> float:
    return max(map(declared_wait, _restarting(stack, restarts)), default=0.0)


def _of_change(change: Change) -> float:
    make, modify = _SLOW.get(change.kind, (0.0, 0.0))
    if change.impact in (Impact.CREATE, Impact.REPLACE, Impact.MAY_REPLACE):
        return make
    return modify if change.impact is Impact.UPDATE else 0.0

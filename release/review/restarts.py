"""Finds which services start new tasks because of a change, in which order, and how long deploying the change takes.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html says of each parameter whether it
"triggers a new service deployment"; a task definition is new with every change of it. `cdk deploy` takes the stacks one
after the other; inside a stack CloudFormation does what it can at the same time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.review.changes import REPLACED, Change, Finding, Impact, Json, Risk, StackChange, path_of, property_at

TOPIC = "restarts"
_DEPLOYING = frozenset(
    {
        "LoadBalancers",
        "NetworkConfiguration",
        "PlatformVersion",
        "ServiceConnectConfiguration",
        "ServiceRegistries",
        "TaskDefinition",
        "VolumeConfigurations",
        "VpcLatticeConfigurations",
    }
)

_STACK_MINUTES = 1.0  # a stack's own time: the change set, the events, the cleaning up
_START_MINUTES = 2.0  # a task: pulling the image, the health check
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
class Restart:
    """Describes a service that starts new tasks.

    `stops_first`: the old tasks go before the new ones come, so for a while nothing runs.
    """

    component: str
    service: str
    path: str
    why: str
    stops_first: bool
    definition: Json
    task: Json


@dataclass(frozen=True)
class DeployMinutes:
    """Holds how long a deployment takes.

    `declared` is waited whatever happens: bake times and the time that old tasks get to stop. The rest of `expected` is
    a rule of thumb.
    """

    declared: float
    expected: float


def restarts_of(stacks: Sequence[StackChange], chain: Mapping[str, str]) -> tuple[Restart, ...]:
    """List the restarts in the order in which they happen: what the components stand on, then component by component.

    `chain` maps the stack names of the components, in the chain's order, to the components' names.
    """
    order = {stack: position for position, stack in enumerate(chain, start=1)}
    sorted_stacks = sorted(stacks, key=lambda stack: order.get(stack.name, 0))
    return tuple(restart for stack in sorted_stacks for restart in _in_stack(stack, chain.get(stack.name, "")))


def restart_findings(restarts: Sequence[Restart]) -> Iterator[Finding]:
    """Find services that stand still for a while; one that is updated task beside task needs no look."""
    text = "{0.service} stands still while its task is replaced ({0.why}): its old task stops before the new one starts"
    return (Finding(Risk.LOOK, TOPIC, each.path, text.format(each)) for each in restarts if each.stops_first)


def _in_stack(stack: StackChange, component: str) -> Iterator[Restart]:
    changed = {change.logical_id: change for change in stack.changes}
    before, after = stack.before["Resources"], stack.after.get("Resources", {})
    for id_, resource in after.items():
        if resource["Type"] != "AWS::ECS::Service" or id_ not in before:
            continue
        task_id = task_of(resource)
        if why := _reason(changed.get(id_), changed.get(task_id)):
            name = str(resource["Properties"].get("ServiceName", id_))
            path = path_of(stack.name, id_, resource)
            yield Restart(component, name, path, why, _stops_first(resource), resource, after.get(task_id, {}))


def task_of(service: Json) -> str:
    """Return the logical id of the task definition that a service runs; "" where it is not in the template."""
    reference: Any = service["Properties"].get("TaskDefinition")
    return str(reference.get("Ref", "")) if isinstance(reference, dict) else ""


def _reason(service: Change | None, task: Change | None) -> str | None:
    if task and task.impact in REPLACED:
        return f"its task definition changes: {', '.join(each.name for each in task.properties)}"
    if service is None:
        return None
    if service.impact is Impact.REPLACE:
        return "the service itself is replaced"
    deploying = [each.name for each in service.properties if each.name.split(".")[0] in _DEPLOYING]
    return f"the service's {', '.join(deploying)} changes" if deploying else None


def _stops_first(service: Json) -> bool:
    """Tell whether there are never two at once: at most as many tasks as before, none of which need be healthy."""
    least = property_at(service, "DeploymentConfiguration.MinimumHealthyPercent")
    most = property_at(service, "DeploymentConfiguration.MaximumPercent")
    return least == 0 and most is not None and most <= 100


def minutes_of(stacks: Sequence[StackChange], restarts: Sequence[Restart]) -> DeployMinutes:
    """Add up the stacks that `cdk deploy` would update; it leaves a stack alone that only left the application."""
    deployed = [stack for stack in stacks if stack.new is not None]
    waits = [_waits_in(stack.name, restarts) for stack in deployed]
    slowest = [max((_minutes_of_change(change) for change in stack.changes), default=0.0) for stack in deployed]
    starts = [_START_MINUTES if _restarting(stack.name, restarts) else 0.0 for stack in deployed]
    expected = [_STACK_MINUTES + slow + wait + start for slow, wait, start in zip(slowest, waits, starts, strict=True)]
    return DeployMinutes(declared=round(sum(waits), 1), expected=round(sum(expected), 1))


def declared_wait(restart: Restart) -> float:
    """Return the minutes that the service's own settings make a deployment last.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-service-deploymentconfiguration.html
    """
    settings = property_at(restart.definition, "DeploymentConfiguration") or {}
    bake = float(settings.get("BakeTimeInMinutes") or 0)
    canary = float((settings.get("CanaryConfiguration") or {}).get("CanaryBakeTimeInMinutes") or 0)
    return bake + canary + _linear_minutes(settings.get("LinearConfiguration") or {}) + _stop_minutes(restart)


def _linear_minutes(settings: Json) -> float:
    """Return the waits between the steps; the last step's wait is the bake time."""
    percent = float(settings.get("StepPercent") or 100)
    steps = max(0, -int(-100 // percent) - 1)
    return steps * float(settings.get("StepBakeTimeInMinutes") or 0)


def _stop_minutes(restart: Restart) -> float:
    """Return how long the old task may take to stop, which is waited for only where it must be gone first."""
    if not restart.stops_first:
        return 0.0
    containers = property_at(restart.task, "ContainerDefinitions") or []
    return max((float(container.get("StopTimeout") or 30) for container in containers), default=30.0) / 60


def _restarting(stack: str, restarts: Sequence[Restart]) -> list[Restart]:
    return [each for each in restarts if each.path.split("/")[0] == stack]


def _waits_in(stack: str, restarts: Sequence[Restart]) -> float:
    return max(map(declared_wait, _restarting(stack, restarts)), default=0.0)


def _minutes_of_change(change: Change) -> float:
    make, modify = _SLOW.get(change.kind, (0.0, 0.0))
    if change.impact in (Impact.CREATE, Impact.REPLACE, Impact.MAY_REPLACE):
        return make
    return modify if change.impact is Impact.UPDATE else 0.0

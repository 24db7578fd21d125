"""Which services start new tasks because of a change, in which order, and which of them stop before they start.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html says of each parameter whether it
"triggers a new service deployment"; a task definition is new with every change of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.review.changes import REPLACED, Change, Impact, Json, StackChange, at, path_of
from release.review.findings import Finding, Risk

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


@dataclass(frozen=True)
class Restart:
    """`stops_first`: the old tasks go before the new ones come, so for a while nothing runs."""

    component: str
    service: str
    path: str
    why: str
    stops_first: bool
    definition: Json
    task: Json


def restarts_of(stacks: Sequence[StackChange], chain: Mapping[str, str]) -> tuple[Restart, ...]:
    """In the order in which they happen: what the components stand on, then component by component.

    `chain` is the stack names of the components, in the chain's order, with the components' names.
    """
    order = {stack: position for position, stack in enumerate(chain, start=1)}
    sorted_stacks = sorted(stacks, key=lambda stack: order.get(stack.name, 0))
    return tuple(one for stack in sorted_stacks for one in _in_stack(stack, chain.get(stack.name, "")))


def restart_findings(restarts: Sequence[Restart]) -> Iterator[Finding]:
    """A service that is updated one task beside the other needs no look; one that stands still for a while does."""
    text = "{0.service} stands still while its task is replaced ({0.why}): its old task stops before the new one starts"
    return (Finding(Risk.LOOK, TOPIC, one.path, text.format(one)) for one in restarts if one.stops_first)


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
    """The logical id of the task definition that a service runs; "" where it is not in the template."""
    reference: Any = service["Properties"].get("TaskDefinition")
    return str(reference.get("Ref", "")) if isinstance(reference, dict) else ""


def _reason(service: Change | None, task: Change | None) -> str | None:
    if task and task.impact in REPLACED:
        return f"its task definition changes: {', '.join(one.name for one in task.properties)}"
    if service is None:
        return None
    if service.impact is Impact.REPLACE:
        return "the service itself is replaced"
    deploying = [one.name for one in service.properties if one.name.split(".")[0] in _DEPLOYING]
    return f"the service's {', '.join(deploying)} changes" if deploying else None


def _stops_first(service: Json) -> bool:
    """At most as many tasks as before, and none of them need be healthy: never two at once."""
    least = at(service, "DeploymentConfiguration.MinimumHealthyPercent")
    most = at(service, "DeploymentConfiguration.MaximumPercent")
    return least == 0 and most is not None and most <= 100

"""Change sets that tell what an update will do: with conditions, and with outputs of other stacks that have changed.

In stock a resource whose condition does not hold is listed as modified rather than added or removed, and
`Fn::GetStackOutput` is compared with itself, so that an output that changed meanwhile is applied unannounced.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

import copy
from collections.abc import Iterator
from functools import wraps
from typing import Any

from local_aws.clock import Clock
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import cloudformation

REFERENCE = "Fn::GetStackOutput"

# "Update requires: Replacement" in the template reference; every other property of these types is changed in place.
REPLACING = {
    "AWS::ECS::Service": {
        "Cluster",
        "DeploymentController",
        "LaunchType",
        "PlacementStrategies",
        "Role",
        "SchedulingStrategy",
        "ServiceName",
    },
    "AWS::ApplicationAutoScaling::ScalableTarget": {"ResourceId", "ScalableDimension", "ServiceNamespace"},
    "AWS::ApplicationAutoScaling::ScalingPolicy": {
        "PolicyName",
        "ResourceId",
        "ScalableDimension",
        "ScalingTargetId",
        "ServiceNamespace",
    },
}
IN_PLACE = {"AWS::ECS::TaskDefinition": {"Tags", "EnableFaultInjection"}}


def install(_clock: Clock) -> None:
    """Change what change sets compare; the update itself stays as it is."""
    cloudformation.resolve_for_change_set.wrap(_as_deployed)
    cloudformation.property_recreation.wrap(_as_documented)


def _as_deployed(stock: Any) -> Any:
    @wraps(stock)
    def resolve(template: Record, parameters: Record, stack_name: str, stack_id: str) -> Record:
        resolved: Record = stock(template, parameters, stack_name, stack_id)
        if not resolved:
            return resolved
        conditions = cloudformation.evaluate_conditions(template, parameters)
        active = {
            name: resource
            for name, resource in resolved["Resources"].items()
            if conditions.get(resource.get("Condition"), True)
        }
        stack = cloudformation.stacks[stack_name]
        for name, resource in active.items():
            deployed = (stack.get("_resources") or {}).get(name)
            if deployed is not None:
                written = template["Resources"][name].get("Properties") or {}
                resource["Properties"] |= dict(_outputs(template, written, deployed, stack, parameters))
        return resolved | {"Resources": active}

    return resolve


def _outputs(
    template: Record, written: Record, deployed: Record, stack: Record, parameters: Record
) -> Iterator[tuple[str, Any]]:
    """Yield the properties that name outputs of other stacks, as they were applied or as they would be now."""
    applied = template is stack.get("_template")
    for name, value in written.items():
        if name == "Tags" or not _refers(value):
            continue
        if applied:
            yield name, deployed["Properties"].get(name)
        else:
            yield name, _now(template, value, stack, parameters)


def _now(template: Record, value: Any, stack: Record, parameters: Record) -> Any:
    return cloudformation.resolve_references(
        copy.deepcopy(value),
        stack["_resources"],
        parameters,
        cloudformation.evaluate_conditions(template, parameters),
        template.get("Mappings", {}),
        stack["StackName"],
        stack["StackId"],
    )


def _refers(value: Any) -> bool:
    if isinstance(value, dict):
        return REFERENCE in value or any(_refers(inner) for inner in value.values())
    return isinstance(value, list) and any(_refers(inner) for inner in value)


def _as_documented(stock: Any) -> Any:
    @wraps(stock)
    def recreation(resource_type: str, name: str) -> str:
        if resource_type in REPLACING:
            return "Always" if name in REPLACING[resource_type] else "Never"
        if resource_type in IN_PLACE:
            return "Never" if name in IN_PLACE[resource_type] else "Always"
        answer: str = stock(resource_type, name)
        return answer

    return recreation

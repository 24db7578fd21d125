"""What ministack's engine does one by one and CloudFormation side by side: the services of a stack.

The engine asks for one resource after the other. When it asks for the first service of a stack, the siblings whose
properties are known can be begun as well; when it comes to them, their deployment is well under way.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from local_aws.ministack_parts.services import cloudformation

Record = dict[str, Any]
Sort = Callable[[Record, Record], list[str]]


@dataclass(frozen=True)
class Sibling:
    """A resource as the engine will ask for it; `physical_id` is None when it is to be created."""

    logical_id: str
    physical_id: str | None
    former: Record
    properties: Record


def last(sort: Sort, resource_type: str) -> Sort:
    """Wrap the engine's order: this type comes after everything that does not depend on it."""

    @wraps(sort)
    def ordered(resources: Record, conditions: Record) -> list[str]:
        order = sort(resources, conditions)
        late, first = _late(resources, order, resource_type)
        return [name for name in order if name not in late] + first + [n for n in order if n in late - set(first)]

    return ordered


def siblings(stack_name: str, logical_id: str, resource_type: str) -> Iterator[Sibling]:
    """Yield the other resources of this type that wait for none of their kind, while an operation goes forward."""
    stack: Record = cloudformation.stacks.get(stack_name) or {}
    if stack.get("StackStatus") not in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS") or "_resources" not in stack:
        return
    template = cloudformation.parse_template(stack["_template_body"])
    order = cloudformation.order_of_template(template["Resources"], stack["_conditions"])
    for name in _late(template["Resources"], order, resource_type)[1]:
        sibling = _sibling(stack, template, name)
        if name != logical_id and sibling.properties != sibling.former:
            yield sibling


def with_tags(stack_name: str, sibling: Sibling, resource_type: str) -> Record:
    """Return the properties as the engine passes them, with the stack's own tags."""
    stack: Record = cloudformation.stacks[stack_name]
    tags = (stack.get("Tags") or [], stack_name, stack["StackId"], sibling.logical_id)
    return cloudformation.with_stack_tags(resource_type, sibling.properties, *tags)


def _sibling(stack: Record, template: Record, name: str) -> Sibling:
    held = stack["_resources"].get(name) or {}
    properties = cloudformation.resolve_references(
        copy.deepcopy(template["Resources"][name].get("Properties", {})),
        stack["_resources"],
        _parameters(stack, template),
        stack["_conditions"],
        template.get("Mappings", {}),
        stack["StackName"],
        stack["StackId"],
    )
    return Sibling(
        logical_id=name,
        physical_id=held.get("PhysicalResourceId"),
        former=held.get("Properties") or {},
        properties={key: value for key, value in properties.items() if value is not cloudformation.NO_VALUE},
    )


def _parameters(stack: Record, template: Record) -> Record:
    declared = template.get("Parameters", {})
    return {
        item["ParameterKey"]: declared[item["ParameterKey"]] | {"Value": item["ParameterValue"]}
        for item in stack["Parameters"]
    }


def _late(resources: Record, order: list[str], resource_type: str) -> tuple[set[str], list[str]]:
    """Return what is of this type or depends on it, and those of this type that depend on none of these."""
    needs = {name: cloudformation.dependencies(resources[name], set(order)) for name in order}
    late: set[str] = set()
    for name in order:
        if resources[name].get("Type") == resource_type or needs[name] & late:
            late.add(name)
    first = [name for name in order if resources[name].get("Type") == resource_type and not needs[name] & late]
    return late, first

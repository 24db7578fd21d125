"""Judges a change set: a release changes task definitions and the services that run them, and nothing else.

References between stacks are resolved anew at each update, so a stale template would carry an infrastructure change
along. Fields: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_TASK_DEFINITION = "AWS::ECS::TaskDefinition"
_SERVICE = "AWS::ECS::Service"
_SCALING = "AWS::ApplicationAutoScaling::"
# The properties that a new digest changes.
_RELEASED = {_TASK_DEFINITION: {"ContainerDefinitions"}, _SERVICE: {"TaskDefinition"}}


def problems(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What in these changes is not a release; empty when all is."""
    listed = [change["ResourceChange"] for change in changes]
    found = [(change, _problem(change)) for change in listed]
    return [
        f"{change['LogicalResourceId']} ({change['ResourceType']}): {problem}" for change, problem in found if problem
    ]


def _problem(change: Mapping[str, Any]) -> str | None:
    kind, action = change["ResourceType"], change["Action"]
    if kind not in _RELEASED and not kind.startswith(_SCALING):
        return f"{action} of something that a release must not touch"
    if action == "Add":
        return None  # the first release brings the services to life
    if action != "Modify":
        return f"{action} is not part of a release"
    if kind == _SERVICE and change.get("Replacement") == "True":
        return "would be replaced"
    return _other_properties(kind, change.get("Details") or [])


def _other_properties(kind: str, details: Iterable[Mapping[str, Any]]) -> str | None:
    """Only certain changes count: a dynamic one may well turn out to change nothing."""
    certain = (detail for detail in details if detail.get("Evaluation") == "Static")
    names = {_name(detail.get("Target") or {}) for detail in certain} - _RELEASED.get(kind, set())
    return f"would change {', '.join(sorted(names))} too" if names else None


def _name(target: Mapping[str, Any]) -> str:
    return str(target.get("Name") or target.get("Attribute") or "something")

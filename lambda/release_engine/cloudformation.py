"""Reads what CloudFormation says of a stack and of a change set, and what that means for a release.

A release changes task definitions and the services that run them, and nothing else. References between stacks are
resolved anew at each update, so a stale template would carry an infrastructure change along.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_UPDATABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
_UNDER_WAY = ("CREATE_PENDING", "CREATE_IN_PROGRESS", "EXECUTE_IN_PROGRESS")


def update_problem(status: str | None) -> str | None:
    """Return why a stack in this status cannot be updated (F5); None when it can."""
    if status in _UPDATABLE:
        return None
    return f"the stack is {status}" if status else "the stack does not exist"


def change_sets_under_way(summaries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name the change sets by which others are about to change the stack.

    One that only waits to be executed, such as that of a release before, does not count.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ChangeSetSummary.html
    """
    return [
        f"change set {summary['ChangeSetName']} is {status}"
        for summary in summaries
        for status in (summary.get("Status"), summary.get("ExecutionStatus"))
        if status in _UNDER_WAY
    ]


def progress(status: str | None) -> str:
    """Return how an update that was begun stands: in_progress, succeeded, rolled_back or failed."""
    if status == "UPDATE_COMPLETE":
        return "succeeded"
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return "rolled_back"
    if status is not None and status.endswith("_IN_PROGRESS"):
        return "in_progress"
    return "failed"


def failure_reason(stack: str, events: Iterable[Mapping[str, Any]]) -> str:
    """Return the first failure of the last update, from events newest first; what it made others cancel is left out."""
    failure = ""
    for event in events:
        of_stack = event["LogicalResourceId"] == stack
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        if of_stack and status in ("UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS"):
            break
        if of_stack and status == "UPDATE_ROLLBACK_IN_PROGRESS" and not failure:
            failure = reason
        if not of_stack and status.endswith("_FAILED") and "cancelled" not in reason.lower():
            failure = f"{event['LogicalResourceId']}: {reason or status}"
    return failure or "CloudFormation gave no reason"


_TASK_DEFINITION = "AWS::ECS::TaskDefinition"
_SERVICE = "AWS::ECS::Service"
_SCALING = "AWS::ApplicationAutoScaling::"
# The properties that a new digest changes.
_RELEASED = {_TASK_DEFINITION: {"ContainerDefinitions"}, _SERVICE: {"TaskDefinition"}}


def change_set_problems(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name every change that is not part of a release; empty when all are."""
    return [
        f"{change['LogicalResourceId']} ({change['ResourceType']}): {problem}"
        for change in (listed["ResourceChange"] for listed in changes)
        if (problem := _change_problem(change))
    ]


def _change_problem(change: Mapping[str, Any]) -> str | None:
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
    """Name the other properties that are certain to change: a dynamic one may well turn out to change nothing."""
    certain = (detail for detail in details if detail.get("Evaluation") == "Static")
    names = {_property_name(detail.get("Target") or {}) for detail in certain} - _RELEASED.get(kind, set())
    return f"would change {', '.join(sorted(names))} too" if names else None


def _property_name(target: Mapping[str, Any]) -> str:
    return str(target.get("Name") or target.get("Attribute") or "something")

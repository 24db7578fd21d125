"""What a CloudFormation stack's status means for a release.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from collections.abc import Iterable, Mapping
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
    """Why a stack in this status cannot be updated (F5); None when it can."""
    if status in _UPDATABLE:
        return None
    return f"the stack is {status}" if status else "the stack does not exist"


def change_sets_under_way(summaries: Iterable[Mapping[str, Any]]) -> list[str]:
    """What others are about to change; one that only waits to be executed, such as ours of before, does not count.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ChangeSetSummary.html
    """
    return [
        f"change set {one['ChangeSetName']} is {status}"
        for one in summaries
        for status in (one.get("Status"), one.get("ExecutionStatus"))
        if status in _UNDER_WAY
    ]


def progress(status: str | None) -> str:
    """How an update that was begun stands: in_progress, succeeded, rolled_back or failed."""
    if status == "UPDATE_COMPLETE":
        return "succeeded"
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return "rolled_back"
    if status is not None and status.endswith("_IN_PROGRESS"):
        return "in_progress"
    return "failed"


def failure_reason(stack: str, events: Iterable[Mapping[str, Any]]) -> str:
    """The first failure of the last update, from events newest first; what was cancelled because of it is left out."""
    told = ""
    for event in events:
        of_stack = event["LogicalResourceId"] == stack
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        if of_stack and status in ("UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS"):
            break
        if of_stack and status == "UPDATE_ROLLBACK_IN_PROGRESS" and not told:
            told = reason
        if not of_stack and status.endswith("_FAILED") and "cancelled" not in reason.lower():
            told = f"{event['LogicalResourceId']}: {reason or status}"
    return told or "CloudFormation gave no reason"

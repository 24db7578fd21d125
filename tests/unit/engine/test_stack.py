"""What a stack's status means; statuses as in CloudFormation's user guide."""

import pytest

from release_engine.stack import change_sets_under_way, failure_reason, progress


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("UPDATE_COMPLETE", "succeeded"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "in_progress"),
        ("UPDATE_IN_PROGRESS", "in_progress"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "in_progress"),
        ("UPDATE_ROLLBACK_COMPLETE", "rolled_back"),
        ("UPDATE_ROLLBACK_FAILED", "failed"),
        ("UPDATE_FAILED", "failed"),
        (None, "failed"),
    ],
)
def test_an_update_is_judged_by_the_status_of_its_stack(status: str | None, means: str) -> None:
    assert progress(status) == means


def event(name: str, status: str, reason: str = "") -> dict[str, str]:
    """An event of the stack `s`."""
    return {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": reason}


def test_the_first_failure_of_the_last_update_is_the_reason() -> None:
    events = [
        event("s", "UPDATE_ROLLBACK_COMPLETE"),
        event("s", "UPDATE_ROLLBACK_IN_PROGRESS", "failed to update: [A, B]"),
        event("C", "UPDATE_FAILED", "Resource update cancelled"),
        event("B", "UPDATE_FAILED", "second"),
        event("A", "UPDATE_FAILED", "first"),
        event("s", "UPDATE_IN_PROGRESS"),
        event("A", "UPDATE_FAILED", "long ago"),
    ]
    assert failure_reason("s", events) == "A: first"


def test_a_cancelled_update_gives_the_stacks_own_reason() -> None:
    events = [event("s", "UPDATE_ROLLBACK_IN_PROGRESS", "User cancelled"), event("s", "UPDATE_IN_PROGRESS")]
    assert failure_reason("s", events) == "User cancelled"


def test_silence_is_said_to_be_silence() -> None:
    assert failure_reason("s", []) == "CloudFormation gave no reason"


@pytest.mark.parametrize(
    ("status", "execution", "said"),
    [
        ("CREATE_PENDING", "UNAVAILABLE", ["change set c is CREATE_PENDING"]),
        ("CREATE_IN_PROGRESS", "UNAVAILABLE", ["change set c is CREATE_IN_PROGRESS"]),
        ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", ["change set c is EXECUTE_IN_PROGRESS"]),
        ("CREATE_COMPLETE", "AVAILABLE", []),
        ("CREATE_COMPLETE", "OBSOLETE", []),
        ("FAILED", "UNAVAILABLE", []),
        ("DELETE_IN_PROGRESS", "AVAILABLE", []),
    ],
)
def test_only_a_change_set_that_moves_is_under_way(status: str, execution: str, said: list[str]) -> None:
    summary = {"ChangeSetName": "c", "Status": status, "ExecutionStatus": execution}
    assert change_sets_under_way([summary]) == said

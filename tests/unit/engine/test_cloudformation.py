"""What a stack's status means, and that a release changes task definitions and services, and nothing else.

The statuses are as in CloudFormation's user guide.
"""

from typing import Any

import pytest

from release_engine.cloudformation import change_set_problems, change_sets_under_way, failure_reason, progress
from tests.unit.aws.answers import change


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


def stack_event(name: str, status: str, reason: str = "") -> dict[str, str]:
    """An event of the stack `s`."""
    return {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": reason}


def test_the_first_failure_of_the_last_update_is_the_reason() -> None:
    events = [
        stack_event("s", "UPDATE_ROLLBACK_COMPLETE"),
        stack_event("s", "UPDATE_ROLLBACK_IN_PROGRESS", "failed to update: [A, B]"),
        stack_event("C", "UPDATE_FAILED", "Resource update cancelled"),
        stack_event("B", "UPDATE_FAILED", "second"),
        stack_event("A", "UPDATE_FAILED", "first"),
        stack_event("s", "UPDATE_IN_PROGRESS"),
        stack_event("A", "UPDATE_FAILED", "long ago"),
    ]
    assert failure_reason("s", events) == "A: first"


def test_a_cancelled_update_gives_the_stacks_own_reason() -> None:
    events = [stack_event("s", "UPDATE_ROLLBACK_IN_PROGRESS", "User cancelled"), stack_event("s", "UPDATE_IN_PROGRESS")]
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


DEFINITION, SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"


def detail(name: str, evaluation: str = "Static") -> dict[str, Any]:
    """One property of a change."""
    return {"Target": {"Attribute": "Properties", "Name": name}, "Evaluation": evaluation}


RELEASE = [
    change("Definition", DEFINITION, Replacement="True", Details=[detail("ContainerDefinitions")]),
    change("Web", SERVICE, Replacement="False", Details=[detail("TaskDefinition")]),
]
FIRST = [
    change("Definition", DEFINITION, "Add"),
    change("Web", SERVICE, "Add"),
    change("Target", "AWS::ApplicationAutoScaling::ScalableTarget", "Add"),
    change("Policy", "AWS::ApplicationAutoScaling::ScalingPolicy", "Add"),
]
DYNAMIC = [change("Target", "AWS::ApplicationAutoScaling::ScalableTarget", Details=[detail("ResourceId", "Dynamic")])]


@pytest.mark.parametrize("changes", [RELEASE, FIRST, RELEASE + DYNAMIC, []])
def test_a_release_passes(changes: list[dict[str, Any]]) -> None:
    assert change_set_problems(changes) == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            change("Rule", "AWS::EC2::SecurityGroupIngress"),
            "Rule (AWS::EC2::SecurityGroupIngress): Modify of something",
        ),
        (change("Web", SERVICE, "Remove"), "Web (AWS::ECS::Service): Remove is not part of a release"),
        (change("Web", SERVICE, Replacement="True"), "would be replaced"),
        (change("Web", SERVICE, Details=[detail("NetworkConfiguration")]), "would change NetworkConfiguration too"),
        (change("Definition", DEFINITION, Details=[detail("Cpu")]), "would change Cpu too"),
        (
            change("Target", "AWS::ApplicationAutoScaling::ScalableTarget", Details=[detail("MinCapacity")]),
            "would change MinCapacity too",
        ),
        (change("Web", SERVICE, Details=[{"Target": {"Attribute": "Tags"}, "Evaluation": "Static"}]), "Tags too"),
    ],
)
def test_f15_f28_a_change_of_infrastructure_is_refused_by_name(changed: dict[str, Any], problem: str) -> None:
    problems = change_set_problems([*RELEASE, changed])
    assert len(problems) == 1
    assert problem in problems[0]

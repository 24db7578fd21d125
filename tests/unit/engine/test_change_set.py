"""A release is a change of task definitions and services, and of nothing else."""

from typing import Any

import pytest

from release_engine.change_set import problems
from tests.unit.aws.answers import change

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
    assert problems(changes) == []


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
    found = problems([*RELEASE, changed])
    assert len(found) == 1
    assert problem in found[0]

"""What change sets say before an update is done.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

import json
from typing import Any

import pytest

from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack

PARAMETER = {"ParameterKey": "Digest", "ParameterValue": "sha256:1"}
KEPT = {"ParameterKey": "Digest", "UsePreviousValue": True}


def topic(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}


@pytest.fixture
def source(aws: LocalAws) -> Stack:
    stack = Stack(aws.client("cloudformation"))
    stack.create({"Topic": topic("source")}, Word="first")
    return stack


@pytest.fixture
def release(aws: LocalAws, source: Stack) -> Stack:
    """A stack with a task definition that exists only while there is a digest, and a weak reference."""
    container = {"Name": "main", "Image": {"Fn::Sub": "repository@${Digest}"}, "Memory": 128}
    body = {
        "Parameters": {"Digest": {"Type": "String", "Default": ""}},
        "Conditions": {"HasDigest": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Digest"}, ""]}]}},
        "Resources": {
            "Task": {
                "Type": "AWS::ECS::TaskDefinition",
                "Condition": "HasDigest",
                "Properties": {"ContainerDefinitions": [container]},
            },
            "Weak": topic("x")
            | {"Properties": {"DisplayName": {"Fn::GetStackOutput": {"StackName": source.name, "OutputName": "Word"}}}},
        },
    }
    stack = Stack(aws.client("cloudformation"))
    stack.client.create_stack(StackName=stack.name, TemplateBody=json.dumps(body))
    stack.settled("CREATE_COMPLETE")
    return stack


def give(release: Stack, digest: str) -> None:
    release.client.update_stack(
        StackName=release.name, UsePreviousTemplate=True, Parameters=[PARAMETER | {"ParameterValue": digest}]
    )
    release.settled("UPDATE_COMPLETE")


def test_condition_that_becomes_true_adds_and_that_becomes_false_removes(release: Stack) -> None:
    added = release.changes(UsePreviousTemplate=True, Parameters=[PARAMETER])
    assert [(change["Action"], change["LogicalResourceId"]) for change in added] == [("Add", "Task")]
    give(release, "sha256:1")
    removed = release.changes(UsePreviousTemplate=True, Parameters=[PARAMETER | {"ParameterValue": ""}])
    assert [(change["Action"], change["LogicalResourceId"]) for change in removed] == [("Remove", "Task")]


def test_new_digest_replaces_the_task_definition_and_nothing_else(release: Stack) -> None:
    give(release, "sha256:1")
    changes = release.changes(UsePreviousTemplate=True, Parameters=[PARAMETER | {"ParameterValue": "sha256:2"}])
    assert [(c["LogicalResourceId"], c["Action"], c["Replacement"]) for c in changes] == [("Task", "Modify", "True")]


def test_same_digest_is_no_change(release: Stack) -> None:
    give(release, "sha256:1")
    (answer,) = release.changes(UsePreviousTemplate=True, Parameters=[KEPT])
    assert (answer["Status"], answer["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert answer["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_output_that_changed_in_the_other_stack_is_announced(source: Stack, release: Stack) -> None:
    """A release with the previous template would otherwise carry it along unseen."""
    source.update({"Topic": topic("source")}, Word="second")
    changes = release.changes(UsePreviousTemplate=True, Parameters=[KEPT])
    assert [change["LogicalResourceId"] for change in changes] == ["Weak"]
    assert changes[0]["Details"][0]["Target"]["Name"] == "DisplayName"


def test_f17_stack_with_a_weakly_used_output_can_drop_it(source: Stack, release: Stack) -> None:
    source.update({"Topic": topic("source")}, Other="word")
    assert "ROLLBACK" not in source._status(source.name)

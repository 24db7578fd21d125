"""A parameter that the template lacks is refused.

https://github.com/aws/aws-cdk/issues/6119, https://github.com/aws/aws-cdk/issues/2900
"""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack

TOPIC = {"Topic": {"Type": "AWS::SNS::Topic"}}
UNKNOWN = [{"ParameterKey": "Digest", "ParameterValue": "sha256:1"}]
REFUSAL = r"Parameters: \[Digest\] do not exist in the template"
WITH_ANOTHER = json.dumps({"Resources": TOPIC, "Parameters": {"Other": {"Type": "String", "Default": ""}}})


@pytest.fixture
def stack(aws: LocalAws) -> Stack:
    return Stack(aws.client("cloudformation"))


def test_a_stack_is_not_created_with_it(stack: Stack) -> None:
    with pytest.raises(ClientError, match=REFUSAL) as refused:
        stack.client.create_stack(StackName=stack.name, TemplateBody=WITH_ANOTHER, Parameters=UNKNOWN)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("given", [UNKNOWN, [{"ParameterKey": "Digest", "UsePreviousValue": True}]])
def test_nor_updated(stack: Stack, given: list[dict[str, Any]]) -> None:
    stack.create(TOPIC)
    with pytest.raises(ClientError, match=REFUSAL):
        stack.client.update_stack(StackName=stack.name, TemplateBody=WITH_ANOTHER, Parameters=given)


def test_nor_is_there_a_change_set(stack: Stack) -> None:
    stack.create(TOPIC)
    with pytest.raises(ClientError, match="for a template which does not require them"):
        stack.client.create_change_set(
            StackName=stack.name, ChangeSetName="with-it", UsePreviousTemplate=True, Parameters=UNKNOWN
        )

"""`python -m release diff --change-set` against a CloudFormation that answers: it looks, and leaves nothing behind.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

import time
from typing import Any

import pytest

from local_aws.server import LocalAws
from release.review.cdk_diff import TemplatePair, compare
from release.review.changes import Impact
from release.review.deployed import DeployedStacks
from tests.local_aws.cloudformation.sample_stacks import Stack


def _template(display: str) -> dict[str, Any]:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display}}
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    }
    return {"Resources": {"Topic": topic, "Table": table}}


@pytest.fixture
def stack(aws: LocalAws) -> Stack:
    made = Stack(aws.client("cloudformation"))
    made.create(_template("before")["Resources"])
    return made


def test_a_change_set_tells_what_would_change_and_changes_nothing(stack: Stack) -> None:
    deployed = DeployedStacks(stack.client, time.sleep)
    before = deployed.template(stack.name)
    assert before is not None
    assert before["Resources"] == _template("before")["Resources"]
    told = deployed.change_set(stack.name, _template("after"))
    assert [change["ResourceChange"]["LogicalResourceId"] for change in told["Changes"]] == ["Topic"]
    assert stack.client.list_change_sets(StackName=stack.name)["Summaries"] == []
    assert deployed.template(stack.name) == before
    (found,) = compare([TemplatePair(stack.name, before, _template("after"), told)])
    assert [(change.logical_id, change.impact) for change in found.changes] == [("Topic", Impact.UPDATE)]


def test_a_stack_that_is_not_deployed_has_no_template(aws: LocalAws) -> None:
    assert DeployedStacks(aws.client("cloudformation"), time.sleep).template("nowhere") is None

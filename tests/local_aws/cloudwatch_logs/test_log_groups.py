"""A log group is refused with a key that CloudWatch Logs may not use, and under a name that is taken.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
https://github.com/aws/aws-cdk/issues/28304
"""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack, get

ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
    "Action": "kms:*",
    "Resource": "*",
}
USES = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
REFUSAL = "does not exist or is not allowed to be used with Arn"


def logs_in(service: str = "logs.us-west-2.amazonaws.com", groups: str = "*", **changed: Any) -> dict[str, Any]:
    condition = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:*:*:log-group:{groups}"}}
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": USES, "Resource": "*"}
    return statement | {"Condition": condition} | changed


def key(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [ROOT, *statements]}


@pytest.mark.parametrize(
    "policy",
    [
        key(),
        key(logs_in(service="logs.eu-west-1.amazonaws.com")),
        key(logs_in(groups="another-*")),
        key(logs_in(Action=["kms:Decrypt"])),
        key(logs_in(), logs_in(Effect="Deny")),
    ],
    ids=["root alone", "another region", "other groups", "only to read", "denied"],
)
def test_a_key_that_logs_may_not_use_is_refused(aws: LocalAws, policy: dict[str, Any]) -> None:
    made = aws.client("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]
    with pytest.raises(ClientError, match=REFUSAL) as refused:
        aws.client("logs").create_log_group(logGroupName="keyed-group", kmsKeyId=made["Arn"])
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_key_that_is_not_there_is_refused(aws: LocalAws) -> None:
    arn = "arn:aws:kms:us-west-2:000000000000:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(ClientError, match=REFUSAL):
        aws.client("logs").create_log_group(logGroupName="keyed-group", kmsKeyId=arn)


def test_a_key_that_lets_logs_in_is_taken(aws: LocalAws) -> None:
    logs = aws.client("logs")
    made = aws.client("kms").create_key(Policy=json.dumps(key(logs_in())))["KeyMetadata"]
    logs.create_log_group(logGroupName="well-keyed-group", kmsKeyId=made["Arn"])
    [group] = logs.describe_log_groups(logGroupNamePrefix="well-keyed-group")["logGroups"]
    assert group["kmsKeyId"] == made["Arn"]


@pytest.mark.parametrize(("policy", "refused"), [(key(), True), (key(logs_in()), False)])
def test_a_stack_with_such_a_group_is_not_created(aws: LocalAws, policy: dict[str, Any], *, refused: bool) -> None:
    stack = Stack(aws.client("cloudformation"))
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"KmsKeyId": get("Key", "Arn")}},
    }
    if not refused:
        stack.create(resources)
        return
    with pytest.raises(AssertionError):
        stack.create(resources)
    [reason] = [reason for reason in stack.reasons() if REFUSAL in reason]
    assert "log-group:" in reason


def test_a_stack_does_not_take_over_a_group_of_the_same_name(aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html: AlreadyExists"""
    aws.client("logs").create_log_group(logGroupName="taken-group")
    stack = Stack(aws.client("cloudformation"))
    with pytest.raises(AssertionError):
        stack.create({"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken-group"}}})
    assert [reason for reason in stack.reasons() if "already exists" in reason]

"""Encryption keys, and which services of AWS encrypt as themselves with them."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from exchange_constructs.values import arn_scope


def encryption_key(scope: Construct, id_: str, *, removal_policy: RemovalPolicy) -> kms.Key:
    """Make a key that is rotated, and with which the logs of its account and region may be encrypted.

    CloudWatch Logs encrypts as itself: where a key's policy does not let it in, a log group that names the key cannot
    be created. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    key = kms.Key(scope, id_, enable_key_rotation=True, removal_policy=removal_policy)
    arns = arn_scope(Stack.of(key))
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{arns.region}.amazonaws.com")],
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            resources=["*"],  # in a key's own policy: this key
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arns.arn("logs", "log-group:*")}},
        )
    )
    return key

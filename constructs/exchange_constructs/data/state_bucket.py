"""A bucket that outlives its stack."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


def state_bucket(scope: Construct, id_: str, *, key: kms.IKey, lifecycle: s3.LifecycleRule) -> s3.Bucket:
    """Private, encrypted, versioned, kept when its stack is deleted; reached by TLS only."""
    return s3.Bucket(
        scope,
        id_,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        enforce_ssl=True,
        versioned=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        lifecycle_rules=[lifecycle],
        removal_policy=RemovalPolicy.RETAIN,
    )

"""Where the engine keeps its snapshots."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from exchange_constructs.acknowledgements import acknowledge


class SnapshotBucket(Construct):
    """Versioned and kept; a snapshot that was written over or deleted is still there for ninety days."""

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=Duration.days(90))],
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "one program reads and writes here, and CloudTrail tells of it",
                "NIST.800.53.R5-S3BucketLoggingEnabled": "one program reads and writes here; CloudTrail tells of it",
                "NIST.800.53.R5-S3BucketReplicationEnabled": "a snapshot can be made again from Kafka's log",
            },
        )

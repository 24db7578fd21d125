"""Where the engine keeps its snapshots."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from exchange_constructs.data.state_bucket import state_bucket
from exchange_constructs.nag import acknowledge, wildcard_finding


class SnapshotBucket(Construct):
    """Versioned and kept; a snapshot that was written over or deleted is still there for ninety days.

    `access` is the policy of who reads and writes here.
    """

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        lifecycle = s3.LifecycleRule(noncurrent_version_expiration=Duration.days(90))
        self.bucket = state_bucket(self, "Bucket", key=key, lifecycle=lifecycle)
        self.access = self._access(key)
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "one program reads and writes here, and CloudTrail tells of it",
                "NIST.800.53.R5-S3BucketLoggingEnabled": "one program reads and writes here; CloudTrail tells of it",
                "NIST.800.53.R5-S3BucketReplicationEnabled": "a snapshot can be made again from Kafka's log",
            },
        )

    def _access(self, key: kms.IKey) -> iam.ManagedPolicy:
        """What the engine may do: read and write snapshots, not delete one for good."""
        access = iam.ManagedPolicy(self, "Access", description="Reads and writes the engine's snapshots")
        for actions, resource in (
            (["s3:GetObject", "s3:PutObject"], self.bucket.arn_for_objects("*")),
            (["s3:ListBucket"], self.bucket.bucket_arn),
            (["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn),
        ):
            access.add_statements(iam.PolicyStatement(actions=actions, resources=[resource]))
        every = wildcard_finding(Stack.of(self), self.bucket.arn_for_objects("*"))
        acknowledge(access, {every: "the snapshots, of this one bucket; their names come with time"})
        return access

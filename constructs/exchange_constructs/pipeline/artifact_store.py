"""Where the pipeline keeps what its actions hand on."""

from functools import cached_property

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from exchange_constructs.nag import acknowledge, wildcard_finding

_READING = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
_WRITING = ("s3:Abort*", "s3:DeleteObject*")
_KEY = ("kms:GenerateDataKey*", "kms:ReEncrypt*")


class ArtifactStore(Construct):
    """An encrypted bucket whose content goes away by itself: everything in it can be built again."""

    def __init__(self, scope: Construct, id_: str, *, kept: Duration) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.DESTROY)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=kept)],
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "only the pipeline reads and writes here, and CodePipeline's history tells of it",
                "NIST.800.53.R5-S3BucketLoggingEnabled": "only the pipeline reads and writes here; see its history",
                "NIST.800.53.R5-S3BucketReplicationEnabled": "everything in it can be built again from the source",
            },
        )

    def acknowledge_use(self, user: IConstruct, *, writes: bool) -> None:
        """CDK's grants on a bucket and a key spell their actions with wildcards; the resources are these two alone."""
        granted = (*_READING, *(_WRITING if writes else ()), *_KEY)
        findings = [*(f"AwsSolutions-IAM5[Action::{action}]" for action in granted), self._content]
        acknowledge(user, dict.fromkeys(findings, "CDK's own grant, on the pipeline's bucket and its key only"))

    @cached_property
    def _content(self) -> str:
        return wildcard_finding(Stack.of(self), self.bucket.arn_for_objects("*"))

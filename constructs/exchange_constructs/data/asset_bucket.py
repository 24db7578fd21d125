"""Where the hashed assets of the last releases stay, for pages of a version whose tasks are gone (F31)."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from exchange_constructs.data.state_bucket import state_bucket
from exchange_constructs.nag import acknowledge, wildcard_finding


class AssetBucket(Construct):
    """What was put here stays as it is for `kept`, then it goes: docs/decisions/0009-assets-in-a-bucket.md.

    `access` is the policy of who puts and gets.
    """

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey, kept: Duration) -> None:
        super().__init__(scope, id_)
        lifecycle = s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=Duration.days(1))
        self.bucket = state_bucket(self, "Bucket", key=key, lifecycle=lifecycle)
        self.bucket.add_to_resource_policy(_nothing_is_overwritten(self.bucket))
        self.access = self._access(key)
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "what is in here is public in the client's pages, and CloudTrail tells of it",
                "NIST.800.53.R5-S3BucketLoggingEnabled": "public in the client's pages; CloudTrail tells of it",
                "NIST.800.53.R5-S3BucketReplicationEnabled": "an asset is in the image that it came from, too",
            },
        )

    def _access(self, key: kms.IKey) -> iam.ManagedPolicy:
        """What a service with assets may do: put, get, and be told that something is not there; delete nothing.

        Without s3:ListBucket S3 answers 403 for what does not exist, so that a missing asset and a missing permission
        would look alike: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        access = iam.ManagedPolicy(self, "Access", description="Puts and gets the hashed assets of releases")
        by_s3 = {"StringEquals": {"kms:ViaService": f"s3.{Stack.of(self).region}.amazonaws.com"}}
        for actions, resource, conditions in (
            (["s3:GetObject", "s3:PutObject"], self.bucket.arn_for_objects("*"), None),
            (["s3:ListBucket"], self.bucket.bucket_arn, None),
            (["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn, by_s3),
        ):
            access.add_statements(iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions))
        every = wildcard_finding(Stack.of(self), self.bucket.arn_for_objects("*"))
        acknowledge(access, {every: "the assets, of this one bucket; their names are hashes of what is in them"})
        return access


def _nothing_is_overwritten(bucket: s3.IBucket) -> iam.PolicyStatement:
    """Whoever puts must ask that nothing is there: If-None-Match. Multipart uploads can't, so they are refused, too.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    return iam.PolicyStatement(
        sid="NothingIsOverwritten",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:PutObject"],
        resources=[bucket.arn_for_objects("*")],
        conditions={"Null": {"s3:if-none-match": "true"}},
    )

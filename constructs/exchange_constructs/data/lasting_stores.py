"""Stores that outlive their stack: buckets for the engine's snapshots and the assets of releases, and the ledger."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from exchange_constructs.nag import acknowledge, wildcard_finding


def _state_bucket(scope: Construct, id_: str, *, key: kms.IKey, lifecycle: s3.LifecycleRule) -> s3.Bucket:
    """Make a private, encrypted, versioned bucket that is reached by TLS only and kept when its stack is deleted."""
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


class SnapshotBucket(Construct):
    """The engine's snapshots; one that was written over or deleted is still there for ninety days.

    `access` is the policy for a role that reads and writes here.
    """

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        lifecycle = s3.LifecycleRule(noncurrent_version_expiration=Duration.days(90))
        self.bucket = _state_bucket(self, "Bucket", key=key, lifecycle=lifecycle)
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
        """Allow to read and write snapshots, and to delete none for good."""
        access = iam.ManagedPolicy(self, "Access", description="Reads and writes the engine's snapshots")
        for actions, resource in (
            (["s3:GetObject", "s3:PutObject"], self.bucket.arn_for_objects("*")),
            (["s3:ListBucket"], self.bucket.bucket_arn),
            (["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn),
        ):
            access.add_statements(iam.PolicyStatement(actions=actions, resources=[resource]))
        finding = wildcard_finding(Stack.of(self), self.bucket.arn_for_objects("*"))
        acknowledge(access, {finding: "the snapshots, of this one bucket; their names come with time"})
        return access


class AssetBucket(Construct):
    """Assets, each of which stays as it is for `kept` and is then deleted: docs/decisions/0009-assets-in-a-bucket.md.

    `access` is the policy for a role that puts and gets them.
    """

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey, kept: Duration) -> None:
        super().__init__(scope, id_)
        lifecycle = s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=Duration.days(1))
        self.bucket = _state_bucket(self, "Bucket", key=key, lifecycle=lifecycle)
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
        """Allow to put and get assets, and to be told that one is not there; but to delete none.

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
        finding = wildcard_finding(Stack.of(self), self.bucket.arn_for_objects("*"))
        acknowledge(access, {finding: "the assets, of this one bucket; their names are hashes of what is in them"})
        return access


def _nothing_is_overwritten(bucket: s3.IBucket) -> iam.PolicyStatement:
    """Refuse to put an object without If-None-Match, which fails if there is one; this refuses multipart uploads, too.

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


class LedgerTable(Construct):
    """The ledger's table with the keys `pk` and `sk` (docs/contracts.md); kept whatever happens to the stack."""

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey, protect: bool) -> None:
        super().__init__(scope, id_)
        text = dynamodb.AttributeType.STRING
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=text),
            sort_key=dynamodb.Attribute(name="sk", type=text),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=protect,
            removal_policy=RemovalPolicy.RETAIN,
        )
        backup = "point-in-time recovery goes back 35 days, further than any rollback"
        acknowledge(self.table, {"NIST.800.53.R5-DynamoDBInBackupPlan": backup})

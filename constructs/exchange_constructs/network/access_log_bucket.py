"""Where the load balancer writes who came."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from exchange_constructs.nag import acknowledge


class AccessLogBucket(Construct):
    """Logs go away after `kept`. The load balancer can write to buckets with S3's own key only.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """

    def __init__(self, scope: Construct, id_: str, *, kept: Duration) -> None:
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=Duration.days(1))],
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "these are the access logs; logging who wrote them would never end",
                "NIST.800.53.R5-S3BucketLoggingEnabled": "these are the access logs; see above",
                "NIST.800.53.R5-S3BucketReplicationEnabled": "a log that is lost with a region is not worth a second",
                "NIST.800.53.R5-S3DefaultEncryptionKMS": "Elastic Load Balancing writes with S3's own key only",
            },
        )

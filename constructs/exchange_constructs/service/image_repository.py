"""Where the images of a component are kept."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PULLING = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSHING = (
    *PULLING,
    *("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"),
    "ecr:DescribeRepositories",
)


class ImageRepository(Construct):
    """Tags never move (F7), pushed images are scanned, and no image that has a tag expires (F8): every build is tagged
    with its version, so only what no build has finished goes away. `pushed_by` is somebody of another account, whom the
    repository itself must let in: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, pushed_by: iam.IPrincipal | None = None) -> None:
        super().__init__(scope, id_)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=name,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            encryption=ecr.RepositoryEncryption.KMS,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    description="what was pushed without a tag, half of a build",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=Duration.days(14),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        if pushed_by:
            pushing = iam.PolicyStatement(principals=[pushed_by], actions=list(PUSHING))
            self.repository.add_to_resource_policy(pushing)

"""The repository of a component's images, and the image that runs: the one value that a release changes."""

from collections.abc import Iterator

from aws_cdk import CfnCondition, CfnParameter, CfnResource, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from exchange_constructs.nag import acknowledge

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PULLING = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSHING = (
    *PULLING,
    *("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"),
    "ecr:DescribeRepositories",
)


class ImageRepository(Construct):
    """A repository whose tags never move (F7), which scans what is pushed, and keeps every image that has a tag (F8).

    Every build tags its image with its version, so only what no build has finished expires. `pushed_by` is somebody of
    another account, whom the repository itself must let in:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
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


# What comes to life with the first release: docs/decisions/0001-conditional-services.md
_RELEASED = (
    ecs.CfnTaskDefinition,
    ecs.CfnService,
    autoscaling.CfnScalableTarget,
    autoscaling.CfnScalingPolicy,
)


class ReleasedImage:
    """The image that a parameter of the stack names by digest; empty as long as nothing was released.

    The parameter's logical id is `parameter`, by which releases and people know it.
    """

    def __init__(self, stack: Stack, repository: ecr.IRepository, *, parameter: str = "ImageDigest") -> None:
        value = CfnParameter(
            stack,
            parameter,
            default="",
            allowed_pattern="^(sha256:[0-9a-f]{64})?$",
            constraint_description="must be an image digest, sha256: and 64 hexadecimal digits, or empty",
            description="What runs. Releases change it; cdk deploy keeps it",
        )
        self._repository = repository
        self.digest = value.value_as_string
        self._released = f"{parameter}Given"
        CfnCondition(stack, self._released, expression=Fn.condition_not(Fn.condition_equals(self.digest, "")))
        self.container_image = ecs.ContainerImage.from_registry(f"{repository.repository_uri}@{self.digest}")

    def grant_pull(self, role: iam.Role) -> None:
        """Allow the role to pull this repository's images."""
        self._repository.grant_pull(role)
        acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken knows no narrower resource"})

    def hold_back(self, *constructs: IConstruct) -> None:
        """Have the task definitions, services and scaling in these constructs exist only once an image is named."""
        for construct in constructs:
            for resource in _released(construct):
                resource.add_override("Condition", self._released)  # `cfn_options` takes three calls to Node


def _released(construct: IConstruct) -> Iterator[CfnResource]:
    return (child for child in construct.node.find_all() if isinstance(child, _RELEASED))

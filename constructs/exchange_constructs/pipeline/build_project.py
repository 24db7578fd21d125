"""One CodeBuild project, with a role that may do what its buildspec needs and a log of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.arns import arn_scope
from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.pipeline.artifact_store import ArtifactStore
from exchange_constructs.values import hours, principal


@dataclass(frozen=True)
class BuildContext:
    """What the projects of a pipeline have in common. `connection_arn` is that of its sources."""

    store: ArtifactStore
    retention: logs.RetentionDays
    connection_arn: str


class BuildProject(Construct):
    """Runs `spec`. `builds_images` gives it a Docker daemon, which needs privileged mode.

    `role_name` is for a role that others trust by name; a source `with_history` is one that CodeBuild fetches itself. A
    build may take an hour, unless `longest` says otherwise.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: BuildContext,
        spec: codebuild.BuildSpec,
        environment: Mapping[str, str] | None = None,
        role_name: str | None = None,
        with_history: bool = False,
        builds_images: bool = False,
        longest: Duration | None = None,
    ) -> None:
        super().__init__(scope, id_)
        log_group = logs.LogGroup(self, "Logs", retention=context.retention, encryption_key=context.store.key)
        self.role = iam.Role(self, "Role", role_name=role_name, assumed_by=principal("codebuild.amazonaws.com"))
        self.project = codebuild.PipelineProject(
            self,
            "Project",
            role=self.role,
            build_spec=spec,
            cache=_kept(builds_images),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
                privileged=builds_images,
            ),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value) for name, value in (environment or {}).items()
            },
            encryption_key=context.store.key,
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)),
            grant_report_group_permissions=False,
            timeout=longest or hours(1),
        )
        if with_history:
            # CDK grants the former name of this action alone.
            self.allow(["codeconnections:UseConnection"], context.connection_arn)
        context.store.acknowledge_use(self, writes=builds_images)  # an image's manifest, its only output
        usual = arn_scope(Stack.of(self)).arn("logs", f"log-group:/aws/codebuild/{self.project.project_name}:*")
        acknowledge(self, {wildcard_finding(Stack.of(self), usual): "CDK grants the project's usual log group, too"})

    def allow(self, actions: Sequence[str], *resources: str) -> None:
        """What the commands of its buildspec do besides."""
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))


def _kept(builds_images: bool) -> codebuild.Cache:
    """On the build's host, for the next build that comes there: what was fetched, and layers of images.

    https://docs.aws.amazon.com/codebuild/latest/userguide/caching-local.html
    """
    layers = [codebuild.LocalCacheMode.DOCKER_LAYER] if builds_images else []
    return codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM, *layers)

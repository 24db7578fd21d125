"""One CodeBuild project, with a role that may do what its buildspec needs and a log of its own."""

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.acknowledgements import Finding, acknowledge
from exchange_constructs.artifact_store import ArtifactStore
from exchange_constructs.place import place_of
from exchange_constructs.release_reach import finding
from exchange_constructs.values import hours


class BuildProject(Construct):
    """Runs `buildspec`, a path in the source. `builds_images` gives it a Docker daemon, which needs privileged mode."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        buildspec: str,
        store: ArtifactStore,
        retention: logs.RetentionDays,
        environment: Mapping[str, str] | None = None,
        builds_images: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        log_group = logs.LogGroup(self, "Logs", retention=retention, encryption_key=store.key)
        self.project = codebuild.PipelineProject(
            self,
            "Project",
            build_spec=codebuild.BuildSpec.from_source_filename(buildspec),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
                privileged=builds_images,
            ),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value) for name, value in (environment or {}).items()
            },
            encryption_key=store.key,
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)),
            grant_report_group_permissions=False,
            timeout=hours(1),
        )
        store.acknowledge_use(self.project)
        self._acknowledge(builds_images)

    def _acknowledge(self, builds_images: bool) -> None:
        usual = place_of(Stack.of(self)).arn("logs", f"log-group:/aws/codebuild/{self.project.project_name}:*")
        reasons: dict[Finding, str] = {
            "NIST.800.53.R5-IAMNoInlinePolicy": "the policy is this one role's and lives and dies with it",
            finding(self, usual): "CDK grants the project's usual log group, too",
        }
        if builds_images:
            reasons["AwsSolutions-CB3"] = "building images needs a Docker daemon; only reviewed code is built here"
        acknowledge(self.project, reasons)

"""From a push to what users see: CodePipeline V2, one stage after the other, one execution after the other."""

from collections.abc import Mapping
from posixpath import normpath
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.acknowledgements import acknowledge
from exchange_constructs.artifact_store import ArtifactStore
from exchange_constructs.bootstrap_roles import lookup_role_arn
from exchange_constructs.build_project import BuildProject
from exchange_constructs.log_retention import retention_of
from exchange_constructs.place import place_of
from exchange_constructs.release_reach import finding
from exchange_constructs.stage_chain import StageChain
from exchange_constructs.values import days
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from stacks.release import ReleaseStack
from stacks.settings import Component, Settings

_KEPT_DAYS = 30
_DIGEST = "IMAGE_DIGEST"  # the variable that a component's buildspec exports


class PipelineStack(Stack):
    """Releases what is pushed to the monorepo. It never changes itself, nor any other infrastructure (F19).

    The Infrastructure stage only compares: a release goes on when what is deployed is what the source describes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        release: ReleaseStack,
        registry: RegistryStack,
        platform: PlatformStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings = settings
        # By name: CDK takes a repository's ARN apart, and a reference to another stack's output cannot be taken apart.
        self._repositories = {
            name: ecr.Repository.from_repository_name(self, f"{name.capitalize()}Repository", one.repository_name)
            for name, one in registry.repositories.items()
        }
        self._retention = retention_of(settings.logs.retention_days)
        self._store = ArtifactStore(self, "Artifacts", kept=days(_KEPT_DAYS))
        self.pipeline = self._pipeline()
        source, code = self._source()
        commit = source.variables.commit_id
        self._stage("Source", source)
        self._stage("Verify", *(self._verify(one, code) for one in settings.components.values()))
        # The pipeline's own role would go round in a circle: the scan's permissions name the pipeline.
        self._scanner = iam.Role(self, "Scanner", assumed_by=iam.ArnPrincipal(self.pipeline.role.role_arn))
        builds = {one.name: self._build(one, code, commit) for one in settings.components.values()}
        self._stage("Build", *builds.values())
        self._stage("Scan", *(self._scan(name, commit) for name in builds))
        self._stage("Infrastructure", self._compare(code))
        StageChain(
            self,
            "Chain",
            pipeline=self.pipeline,
            chain=settings.chain,
            machines=release.machines,
            preflight=release.functions.preflight,
            digests={name: build.variable(_DIGEST) for name, build in builds.items()},
            log_group=logs.LogGroup(self, "RequestLogs", retention=self._retention, encryption_key=self._store.key),
        )
        self._stage("Acceptance", self._accept(platform, code))
        self._acknowledge()
        self.add_stack_dependency(release, "its machines are named in what the stages may start")

    def _pipeline(self) -> codepipeline.Pipeline:
        """QUEUED: a later commit never overtakes a release that runs (F20)."""
        return codepipeline.Pipeline(
            self,
            "Pipeline",
            pipeline_name=self._settings.stack_name("pipeline"),
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            artifact_bucket=self._store.bucket,
            restart_execution_on_update=False,
            use_pipeline_role_for_actions=True,
        )

    def _stage(self, name: str, *doing: codepipeline.IAction) -> None:
        self.pipeline.add_stage(stage_name=name, actions=list(doing))

    def _source(self) -> tuple[actions.CodeStarConnectionsSourceAction, codepipeline.Artifact]:
        code = codepipeline.Artifact("Source")
        connection = self._settings.pipeline.connection_arn
        # CDK grants the former name of this action alone, and the two must agree with the ARN:
        # https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
        use = iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[connection])
        self.pipeline.add_to_role_policy(use)
        owner, _, repository = self._settings.pipeline.repository.partition("/")
        source = actions.CodeStarConnectionsSourceAction(
            action_name="Push",
            connection_arn=connection,
            owner=owner,
            repo=repository,
            branch=self._settings.pipeline.branch,
            output=code,
            variables_namespace="Source",
        )
        return source, code

    def _verify(self, component: Component, code: codepipeline.Artifact) -> actions.CodeBuildAction:
        return self._run(f"Verify{component.name.capitalize()}", _file(component, "verify.yml"), code)

    def _build(self, component: Component, code: codepipeline.Artifact, commit: str) -> actions.CodeBuildAction:
        """The image goes to the registry under the commit, and on as its digest alone (F7)."""
        repository = self._repositories[component.name]
        build = BuildProject(
            self,
            f"Build{component.name.capitalize()}",
            buildspec=_file(component, "buildspec.yml"),
            store=self._store,
            retention=self._retention,
            environment={"REPOSITORY": repository.repository_uri},
            builds_images=True,
        )
        repository.grant_pull_push(build.project)
        acknowledge(
            build.project, {"AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken knows no narrower resource"}
        )
        return actions.CodeBuildAction(
            action_name=component.name.capitalize(),
            project=build.project,
            input=code,
            environment_variables={"VERSION": codebuild.BuildEnvironmentVariable(value=commit)},
            variables_namespace=f"Build{component.name.capitalize()}",
        )

    def _scan(self, component: str, commit: str) -> codepipeline.IAction:
        """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-InspectorScan.html"""
        return actions.InspectorEcrImageScanAction(
            action_name=component.capitalize(),
            repository=self._repositories[component],
            image_tag=commit,
            critical_threshold=0,
            output=codepipeline.Artifact(f"Scan{component.capitalize()}"),
            role=self._scanner,
        )

    def _compare(self, code: codepipeline.Artifact) -> actions.CodeBuildAction:
        """`cdk diff --fail`, which needs the read-only role alone."""
        compare = self._project("Infrastructure", "infrastructure.yml")
        role = lookup_role_arn(self)
        compare.project.add_to_role_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[role]))
        return actions.CodeBuildAction(action_name="Compare", project=compare.project, input=code)

    def _accept(self, platform: PlatformStack, code: codepipeline.Artifact) -> actions.CodeBuildAction:
        """Asks the environment, as a user, whether its components work together: docs/github.md."""
        domain, market = self._settings.domain, self._settings.pipeline.acceptance_market
        url = f"https://{domain.name}" if domain else f"http://{platform.load_balancer.load_balancer_dns_name}"
        project = self._project("Acceptance", "acceptance.yml", {"URL": url, **({"MARKET": market} if market else {})})
        return actions.CodeBuildAction(action_name="Acceptance", project=project.project, input=code)

    def _run(self, name: str, buildspec: str, code: codepipeline.Artifact) -> actions.CodeBuildAction:
        return actions.CodeBuildAction(action_name=name, project=self._project(name, buildspec).project, input=code)

    def _project(self, name: str, buildspec: str, environment: Mapping[str, str] | None = None) -> BuildProject:
        return BuildProject(
            self,
            f"{name}Project",
            buildspec=buildspec,
            store=self._store,
            retention=self._retention,
            environment=environment,
        )

    def _acknowledge(self) -> None:
        inline = {"NIST.800.53.R5-IAMNoInlinePolicy": "the policy is this one role's and lives and dies with it"}
        for user in (self.pipeline, self._scanner):
            self._store.acknowledge_use(user)
            acknowledge(user, inline)
        log = f"/aws/codepipeline/{self.pipeline.pipeline_name}:*"
        usual = place_of(self).arn("logs", f"log-group:{log}")
        acknowledge(
            self._scanner,
            {
                "AwsSolutions-IAM5[Resource::*]": "inspector-scan:ScanSbom and ECR's token know no narrower resource",
                finding(self, usual): "the streams of the pipeline's own log group",
            },
        )


def _file(component: Component, name: str) -> str:
    """In the component's folder of the monorepo."""
    return normpath(f"{component.path}/{name}")

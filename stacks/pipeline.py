"""The stack of the pipeline, which takes a push to the users: CodePipeline V2, one execution after the other."""

from posixpath import normpath
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from exchange_constructs.observability import retention_of
from exchange_constructs.pipeline.build_project import ArtifactStore, BuildContext, BuildProject
from exchange_constructs.pipeline.destination import Destination, EnvironmentProjects, StageChain
from exchange_constructs.pipeline.image_builds import Branch, ComponentImage, ImageBuilds, PipelineSources
from exchange_constructs.values import ArnScope, arn_scope, days, principal
from settings.loading import (
    Component,
    Settings,
    build_role,
    infrastructure_role,
    pipeline_name,
    project_role,
    release_role,
    stage_label,
    stages_role,
)
from stacks.access import AccessStack
from stacks.release import preflight_name, record_name, request_name

_KEPT_DAYS = 30


class PipelineStack(Stack):
    """A pipeline that releases each push to the monorepo, to staging first where there is one (docs/pipeline.md).

    It never changes itself (F19): its Infrastructure stages deploy every stack but this one.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, access: AccessStack, **kwargs: Any) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings = settings
        self._targets = [target for target in (settings.staging, settings) if target]
        store = ArtifactStore(self, "Artifacts", kept=days(_KEPT_DAYS))
        self._context = BuildContext(
            store, retention_of(settings.logs.retention_days), connection_arn=settings.pipeline.connection_arn
        )
        self.pipeline = self._pipeline(store)
        self._sources = self._read()
        self._stage("Verify", *(self._verify(component) for component in settings.components.values()))
        images = self._images()
        self._stage("Build", *images.builds.values())
        self._stage("Scan", images.scan)
        for target in self._targets:
            destination = self._destination(target)
            if target is settings:
                self._approve(destination)
            self._release(target, destination, images)
        self._stage("Record", self._record(destination, images))
        self.add_stack_dependency(access, "the roles that its actions become are there before it is")

    def _pipeline(self, store: ArtifactStore) -> codepipeline.Pipeline:
        """Make the pipeline; QUEUED, so that a later commit never overtakes a release that runs (F20)."""
        role = iam.Role(
            self, "Stages", role_name=stages_role(self._settings), assumed_by=principal("codepipeline.amazonaws.com")
        )
        pipeline = codepipeline.Pipeline(
            self,
            "Pipeline",
            pipeline_name=pipeline_name(self._settings),
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            artifact_bucket=store.bucket,
            role=role,
            restart_execution_on_update=False,
            use_pipeline_role_for_actions=True,
        )
        store.acknowledge_use(role, writes=True)
        return pipeline

    def _stage(self, name: str, *stage_actions: codepipeline.IAction) -> None:
        self.pipeline.add_stage(stage_name=name, actions=list(stage_actions))

    def _read(self) -> PipelineSources:
        pipeline = self._settings.pipeline
        return PipelineSources(
            self.pipeline,
            connection_arn=pipeline.connection_arn,
            monorepo=Branch(pipeline.repository, pipeline.branch),
            commands=Branch(pipeline.commands_repository, pipeline.commands_branch),
            ignored=pipeline.ignored_paths,
        )

    def _verify(self, component: Component) -> actions.CodeBuildAction:
        """Run the component's own tests by its own buildspec; nothing else is run as the monorepo says."""
        name = f"Verify{component.name.capitalize()}"
        buildspec = normpath(f"{component.path}/verify.yml")
        project = BuildProject(
            self,
            name,
            context=self._context,
            spec=codebuild.BuildSpec.from_source_filename(buildspec),
            with_history=True,
        )
        return actions.CodeBuildAction(action_name=name, project=project.project, input=self._sources.monorepo)

    def _images(self) -> ImageBuilds:
        """Build the images; the pipeline's own environment comes first, whose registry is searched and scanned."""
        targets = [self._settings, *(target for target in self._targets if target is not self._settings)]
        return ImageBuilds(
            self,
            "Build",
            context=self._context,
            sources=self._sources,
            environments=[target.environment for target in targets],
            images=[
                ComponentImage(
                    name,
                    [self._arns(target).arn("ecr", f"repository/{target.repository_name(name)}") for target in targets],
                    build_role(self._settings, name),
                )
                for name in self._settings.components
            ],
        )

    def _destination(self, target: Settings) -> Destination:
        return Destination(
            self,
            stage_label(target) or "Environment",
            environment=target.environment,
            label=stage_label(target),
            arns=self._arns(target),
            release_role=release_role(target),
            infrastructure_role=infrastructure_role(target),
            requests={name: request_name(target, name) for name in target.components},
            preflight=preflight_name(target),
            record=record_name(target),
        )

    def _approve(self, destination: Destination) -> None:
        """Have somebody approve before anything of production is changed, then wait for the release windows."""
        waits: list[codepipeline.IAction] = []
        if self._settings.staging and self._settings.pipeline.approval:
            waits.append(self._ask_somebody(self._settings.staging.environment))
        window = self._settings.window
        for component in [name for name in self._settings.chain if window and name in window.components]:
            question = {"component": component, "ask": "window"}
            waits.append(destination.ask_preflight(f"Window{component.capitalize()}", question, run_order=2))
        if waits:
            self._stage("Approval", *waits)

    def _ask_somebody(self, staging: str) -> codepipeline.IAction:
        """Ask by the commit, since staging may run a later one by then."""
        commit = self._sources.commit
        return actions.ManualApprovalAction(
            action_name="Approve",
            additional_information=f"Release {commit} to {self._settings.environment}? It has passed in {staging}.",
            external_entity_link=f"https://github.com/{self._settings.pipeline.repository}/commit/{commit}",
            run_order=1,
        )

    def _release(self, target: Settings, destination: Destination, images: ImageBuilds) -> None:
        label = destination.label
        projects = EnvironmentProjects(
            destination,
            "Projects",
            context=self._context,
            commands=self._sources.commands,
            destination=destination,
            infrastructure_role=project_role(target, "infrastructure"),
            acceptance_role=project_role(target, "acceptance"),
            digests=images.digest_arguments,
            market=target.pipeline.acceptance_market,
        )
        self._stage(f"{label}Infrastructure", projects.infrastructure)
        StageChain(
            destination,
            "Chain",
            pipeline=self.pipeline,
            destination=destination,
            chain=target.chain,
            digests=images.digests,
            manifests=images.manifests,
        )
        self._stage(f"{label}Acceptance", projects.acceptance)

    def _record(self, destination: Destination, images: ImageBuilds) -> codepipeline.IAction:
        """Record in the ledger which commit went where; lead times are read from it."""
        push = {
            "execution": codepipeline.GlobalVariables.EXECUTION_ID,
            "commit": self._sources.commit,
            "digests": dict(images.digests),
            "environments": [target.environment for target in self._targets],
        }
        return destination.ask_record("Record", {"ask": "record", "push": push})

    def _arns(self, target: Settings) -> ArnScope:
        here = arn_scope(self)
        return ArnScope(here.partition, here.region, target.account or here.account)

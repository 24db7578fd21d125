"""From a push to what users see: CodePipeline V2, one stage after the other, one execution after the other."""

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
    """Releases what is pushed to the monorepo, to its staging first where it has one (docs/pipeline.md).

    It never changes itself (F19): its Infrastructure stages deploy every stack but this one.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, access: AccessStack, **kwargs: Any) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings = settings
        self._stops = [one for one in (settings.staging, settings) if one]
        store = ArtifactStore(self, "Artifacts", kept=days(_KEPT_DAYS))
        self._context = BuildContext(
            store, retention_of(settings.logs.retention_days), connection_arn=settings.pipeline.connection_arn
        )
        self.pipeline = self._pipeline(store)
        self._sources = self._read()
        self._stage("Verify", *(self._verify(one) for one in settings.components.values()))
        images = self._images()
        self._stage("Build", *images.builds.values())
        self._stage("Scan", images.scan)
        for stop in self._stops:
            destination = self._destination(stop)
            if stop is settings:
                self._approve(destination)
            self._release(stop, destination, images)
        self._stage("Record", self._record(destination, images))
        self.add_stack_dependency(access, "the roles that its actions become are there before it is")

    def _pipeline(self, store: ArtifactStore) -> codepipeline.Pipeline:
        """QUEUED: a later commit never overtakes a release that runs (F20)."""
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

    def _stage(self, name: str, *doing: codepipeline.IAction) -> None:
        self.pipeline.add_stage(stage_name=name, actions=list(doing))

    def _read(self) -> PipelineSources:
        said = self._settings.pipeline
        return PipelineSources(
            self.pipeline,
            connection_arn=said.connection_arn,
            monorepo=Branch(said.repository, said.branch),
            commands=Branch(said.commands_repository, said.commands_branch),
            ignored=said.ignored_paths,
        )

    def _verify(self, component: Component) -> actions.CodeBuildAction:
        """The component's own suite, by its own buildspec: the one place where the monorepo says what is run."""
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
        """Its own environment comes first: there images are looked for, and scanned."""
        stops = [self._settings, *(stop for stop in self._stops if stop is not self._settings)]
        return ImageBuilds(
            self,
            "Build",
            context=self._context,
            sources=self._sources,
            environments=[stop.environment for stop in stops],
            images=[
                ComponentImage(
                    name,
                    [self._arns(stop).arn("ecr", f"repository/{stop.repository_name(name)}") for stop in stops],
                    build_role(self._settings, name),
                )
                for name in self._settings.components
            ],
        )

    def _destination(self, stop: Settings) -> Destination:
        return Destination(
            self,
            stage_label(stop) or "Environment",
            environment=stop.environment,
            label=stage_label(stop),
            arns=self._arns(stop),
            release_role=release_role(stop),
            infrastructure_role=infrastructure_role(stop),
            requests={name: request_name(stop, name) for name in stop.components},
            preflight=preflight_name(stop),
            record=record_name(stop),
        )

    def _approve(self, destination: Destination) -> None:
        """Before anything of production is changed, somebody says yes; then its windows are waited for."""
        doing: list[codepipeline.IAction] = []
        if self._settings.staging and self._settings.pipeline.approval:
            doing.append(self._ask_somebody(self._settings.staging.environment))
        window = self._settings.window
        for component in [name for name in self._settings.chain if window and name in window.components]:
            asked = {"component": component, "ask": "window"}
            doing.append(destination.ask_preflight(f"Window{component.capitalize()}", asked, run_order=2))
        if doing:
            self._stage("Approval", *doing)

    def _ask_somebody(self, staging: str) -> codepipeline.IAction:
        """By the commit: staging may have gone on to a later one by then."""
        commit = self._sources.commit
        return actions.ManualApprovalAction(
            action_name="Approve",
            additional_information=f"Release {commit} to {self._settings.environment}? It has passed in {staging}.",
            external_entity_link=f"https://github.com/{self._settings.pipeline.repository}/commit/{commit}",
            run_order=1,
        )

    def _release(self, stop: Settings, destination: Destination, images: ImageBuilds) -> None:
        label = destination.label
        projects = EnvironmentProjects(
            destination,
            "Projects",
            context=self._context,
            commands=self._sources.commands,
            destination=destination,
            infrastructure_role=project_role(stop, "infrastructure"),
            acceptance_role=project_role(stop, "acceptance"),
            digests=images.targets,
            market=stop.pipeline.acceptance_market,
        )
        self._stage(f"{label}Infrastructure", projects.infrastructure)
        StageChain(
            destination,
            "Chain",
            pipeline=self.pipeline,
            destination=destination,
            chain=stop.chain,
            digests=images.digests,
            manifests=images.manifests,
        )
        self._stage(f"{label}Acceptance", projects.acceptance)

    def _record(self, destination: Destination, images: ImageBuilds) -> codepipeline.IAction:
        """What went where, in the ledger of its own environment: lead times are read from it."""
        push = {
            "execution": codepipeline.GlobalVariables.EXECUTION_ID,
            "commit": self._sources.commit,
            "digests": dict(images.digests),
            "environments": [stop.environment for stop in self._stops],
        }
        return destination.ask_record("Record", {"ask": "record", "push": push})

    def _arns(self, stop: Settings) -> ArnScope:
        here = arn_scope(self)
        return ArnScope(here.partition, here.region, stop.account or here.account)

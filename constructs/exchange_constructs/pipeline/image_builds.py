"""The sources of a pipeline, and its stages Build and Scan: from a push to scanned images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.pipeline import build_project
from exchange_constructs.pipeline.build_project import BuildContext, BuildProject
from exchange_constructs.service.images import PUSHING


@dataclass(frozen=True)
class Branch:
    """A branch `name` of a repository `owner/name`."""

    repository: str
    name: str


class PipelineSources:
    """The stage Source; a push to `monorepo` starts it, unless only paths in `ignored` have changed.

    The monorepo comes with its history, from which a component's version is computed. `commands` are taken as they are
    at that moment; a push there starts nothing.
    """

    def __init__(
        self,
        pipeline: codepipeline.Pipeline,
        *,
        connection_arn: str,
        monorepo: Branch,
        commands: Branch,
        ignored: Sequence[str] = (),
    ) -> None:
        self.monorepo, self.commands = codepipeline.Artifact("Source"), codepipeline.Artifact("Commands")
        # CDK grants the former name of this action alone, and the two must agree with the ARN:
        # https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
        use = iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[connection_arn])
        pipeline.add_to_role_policy(use)
        push = _source("Push", connection_arn, monorepo, self.monorepo, with_history=True)
        fetch = _source("Commands", connection_arn, commands, self.commands, with_history=False)
        pipeline.add_stage(stage_name="Source", actions=[push, fetch])
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
        push_filter = codepipeline.GitPushFilter(
            branches_includes=[monorepo.name], file_paths_excludes=list(ignored) or None
        )
        pipeline.add_trigger(
            provider_type=codepipeline.ProviderType.CODE_STAR_SOURCE_CONNECTION,
            git_configuration=codepipeline.GitConfiguration(source_action=push, push_filter=[push_filter]),
        )
        self.commit = push.variables.commit_id


def _source(
    name: str, connection_arn: str, branch: Branch, output: codepipeline.Artifact, *, with_history: bool
) -> actions.CodeStarConnectionsSourceAction:
    """Make an action that does not detect changes by itself: the trigger says what starts the pipeline.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineTriggerDeclaration.html
    """
    owner, _, repository = branch.repository.partition("/")
    return actions.CodeStarConnectionsSourceAction(
        action_name=name,
        connection_arn=connection_arn,
        owner=owner,
        repo=repository,
        branch=branch.name,
        output=output,
        trigger_on_push=False,
        code_build_clone_output=with_history,
        variables_namespace="Source" if with_history else None,
    )


_SCANNING = ("ecr:DescribeImageScanFindings", "ecr:StartImageScan")


@dataclass(frozen=True)
class ComponentImage:
    """The image of a component, as a pipeline builds it.

    `repositories` are the ARNs of those that it is pushed to, that of the pipeline's own environment first. Other
    accounts know the build by its `role_name`.
    """

    component: str
    repositories: Sequence[str]
    role_name: str


class ImageBuilds(Construct):
    """The builds of all images, and their scan.

    `digests` and `manifests` are variables that the builds export, by component, for later stages; `digest_arguments`
    are the digests as commands take them: component=digest, with spaces between. `environments` are the pipeline's, its
    own first. An image's tag is the version of its content, so a component that
    has not changed is not built again, and its digest is what runs already.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: BuildContext,
        sources: PipelineSources,
        environments: Sequence[str],
        images: Sequence[ComponentImage],
    ) -> None:
        super().__init__(scope, id_)
        self._context, self._sources, self._environments = context, sources, environments
        self.builds = {image.component: self._build(image) for image in images}
        self.digests: Mapping[str, str] = {
            name: build.variable(build_project.DIGEST) for name, build in self.builds.items()
        }
        self.manifests: Mapping[str, str] = {
            name: build.variable(build_project.MANIFEST) for name, build in self.builds.items()
        }
        self.digest_arguments = " ".join(f"{name}={digest}" for name, digest in self.digests.items())
        self.scan = self._scan([image.repositories[0] for image in images])

    def _build(self, image: ComponentImage) -> actions.CodeBuildAction:
        name = image.component.capitalize()
        build = BuildProject(
            self,
            name,
            context=self._context,
            spec=build_project.build(),
            role_name=image.role_name,
            environment={
                "COMPONENT": image.component,
                "ENVIRONMENT": self._environments[0],
                "PLACES": " ".join(self._environments),
            },
            with_history=True,
            builds_images=True,
        )
        build.allow(PUSHING, *image.repositories)
        build.allow(["ecr:GetAuthorizationToken"], "*")
        acknowledge(build, {"AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken knows no narrower resource"})
        return actions.CodeBuildAction(
            action_name=name,
            project=build.project,
            input=self._sources.commands,
            extra_inputs=[self._sources.monorepo],
            outputs=[codepipeline.Artifact(f"Build{name}")],
            environment_variables={"COMMIT": codebuild.BuildEnvironmentVariable(value=self._sources.commit)},
            variables_namespace=f"Build{name}",
        )

    def _scan(self, repositories: Sequence[str]) -> actions.CodeBuildAction:
        scan = BuildProject(
            self,
            "Scan",
            context=self._context,
            spec=build_project.scan(),
            environment={"ENVIRONMENT": self._environments[0]},
        )
        scan.allow(_SCANNING, *repositories)
        return actions.CodeBuildAction(
            action_name="Scan",
            project=scan.project,
            input=self._sources.commands,
            environment_variables={"DIGESTS": codebuild.BuildEnvironmentVariable(value=self.digest_arguments)},
        )

"""The stages Build and Scan: each component's image, built once for every environment of the pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.pipeline import buildspecs
from exchange_constructs.pipeline.build_project import BuildContext, BuildProject
from exchange_constructs.pipeline.pipeline_sources import PipelineSources
from exchange_constructs.service.image_repository import PUSHING

_SCANNING = ("ecr:DescribeImageScanFindings", "ecr:StartImageScan")


@dataclass(frozen=True)
class ComponentImage:
    """Of a component; `repositories` are the ARNs of those that it is pushed to, that of the pipeline's own environment
    first. `role_name` is what other accounts know its build by.
    """

    component: str
    repositories: Sequence[str]
    role_name: str


class ImageBuilds(Construct):
    """`digests` and `manifests` are what the builds have told, by component, for the stages behind them; `targets` are
    the digests in a line, as commands take them.

    `environments` are the pipeline's, its own first. An image's tag is the version of its content, so a component that
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
        self.builds = {one.component: self._build(one) for one in images}
        self.digests: Mapping[str, str] = {
            name: build.variable(buildspecs.DIGEST) for name, build in self.builds.items()
        }
        self.manifests: Mapping[str, str] = {
            name: build.variable(buildspecs.MANIFEST) for name, build in self.builds.items()
        }
        self.targets = " ".join(f"{name}={digest}" for name, digest in self.digests.items())
        self.scan = self._scan([one.repositories[0] for one in images])

    def _build(self, image: ComponentImage) -> actions.CodeBuildAction:
        name = image.component.capitalize()
        build = BuildProject(
            self,
            name,
            context=self._context,
            spec=buildspecs.build(),
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
            spec=buildspecs.scan(),
            environment={"ENVIRONMENT": self._environments[0]},
        )
        scan.allow(_SCANNING, *repositories)
        return actions.CodeBuildAction(
            action_name="Scan",
            project=scan.project,
            input=self._sources.commands,
            environment_variables={"DIGESTS": codebuild.BuildEnvironmentVariable(value=self.targets)},
        )

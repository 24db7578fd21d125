"""Pipelines as they would be deployed with other settings than those that are shipped."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

from settings.loading import Settings
from stacks.access import AccessStack
from stacks.pipeline import PipelineStack
from tests.infra.exchange import CONTEXT, Json
from tests.infra.lean_exchange import bare_release


@dataclass(frozen=True)
class Found:
    """A pipeline and the resources beside it."""

    pipeline: Json
    projects: Mapping[str, Json]
    template: Template

    @property
    def stages(self) -> dict[str, list[Json]]:
        return stages_of(self.pipeline)


def pipeline_of(settings: Settings) -> Found:
    """On the part of its neighbours that it reads."""
    app = App(context=CONTEXT)
    stack = PipelineStack(
        app,
        settings.stack_name("pipeline"),
        settings=settings,
        access=_access(app, settings),
        env=Environment(account=settings.account, region=settings.region),
    )
    template = Template.from_stack(stack)
    [pipeline] = template.find_resources("AWS::CodePipeline::Pipeline").values()
    projects = template.find_resources("AWS::CodeBuild::Project")
    return Found(pipeline["Properties"], {id_: one["Properties"] for id_, one in projects.items()}, template)


def access_of(settings: Settings) -> Template:
    """The Access stack alone."""
    return Template.from_stack(_access(App(context=CONTEXT), settings))


def _access(app: App, settings: Settings) -> AccessStack:
    place = Environment(account=settings.account, region=settings.region)
    release = bare_release(Stack(app, settings.stack_name("release"), env=place))
    return AccessStack(app, settings.stack_name("access"), settings=settings, release=release, env=place)


def stages_of(pipeline: Json) -> dict[str, list[Json]]:
    """The actions of each stage, in its order."""
    return {stage["Name"]: stage["Actions"] for stage in pipeline["Stages"]}


def action(stages: Mapping[str, list[Json]], stage: str, name: str) -> Json:
    return next(one for one in stages[stage] if one["Name"] == name)

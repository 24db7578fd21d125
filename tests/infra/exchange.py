"""Both environments as they would be deployed, synthesized once in a run; and single stacks with other settings."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk.assertions import Template

from settings.loading import Service, Settings, load_settings
from stacks.access import AccessStack
from stacks.composition import Composition, compose
from stacks.pipeline import PipelineStack

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
ENVIRONMENTS = ("staging", "prod2")
COMPONENTS = ("backend", "client", "engine")
STACKS = (
    *("registry", "network", "platform", "data", "release"),
    *COMPONENTS,
    *("pipeline", "observability", "access"),
)
PIPELINE = "prod2"  # the environment whose pipeline releases to both
STACKS_OF = {one: tuple(stack for stack in STACKS if one == PIPELINE or stack != "pipeline") for one in ENVIRONMENTS}
EVERY_STACK = [(environment, stack) for environment, stacks in STACKS_OF.items() for stack in stacks]
_OUTPUT = TemporaryDirectory(prefix="exchange-infra-")  # gone when the tests are
Json = dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One environment: its settings, its stacks, and what became of them, by the stack's short name."""

    settings: Settings
    composition: Composition
    folder: Path
    templates: Mapping[str, Json]

    def resources(self, stack: str, kind: str) -> dict[str, Json]:
        """Those of one type, by logical id; `kind` without the `AWS::` that all begin with."""
        every = self.templates[stack].get("Resources", {}).items()
        return {id_: one for id_, one in every if one["Type"].removeprefix("AWS::") == kind}

    def properties(self, stack: str, kind: str) -> list[Json]:
        return [one.get("Properties", {}) for one in self.resources(stack, kind).values()]

    def only(self, stack: str, kind: str) -> Json:
        """The properties of the one resource of a type of which there is one."""
        (found,) = self.properties(stack, kind)
        return found

    def services(self) -> Iterator[tuple[str, Service]]:
        """Each service of the settings, with its component."""
        for component in self.settings.components.values():
            for service in component.services.values():
                yield component.name, service

    def ecs_service(self, name: str) -> Json:
        """The ECS service that people know by this name."""
        every = (one for stack in (*COMPONENTS, "data") for one in self.properties(stack, "ECS::Service"))
        return next(one for one in every if one["ServiceName"] == name)

    def task(self, component: str, service: str) -> Json:
        """The task definition of a service: that whose service's command is run."""
        name = self.settings.components[component].services[service].name
        wanted = self.ecs_service(name)["TaskDefinition"]["Ref"]
        found: Json = self.resources(component, "ECS::TaskDefinition")[wanted]["Properties"]
        return found

    def container(self, component: str, service: str) -> Json:
        (found,) = self.task(component, service)["ContainerDefinitions"]
        return dict(found)


SERVICES = [
    (environment, component.name, service)
    for environment in ENVIRONMENTS
    for component in load_settings(environment).components.values()
    for service in component.services
]


@cache
def exchange(environment: str) -> Exchange:
    outdir = str(Path(_OUTPUT.name) / environment)
    app = App(context=CONTEXT, outdir=outdir)
    settings = load_settings(environment)
    composition = compose(app, settings)
    folder = Path(app.synth().directory)
    files = {stack: folder / f"{settings.stack_name(stack)}.template.json" for stack in STACKS_OF[environment]}
    templates = {stack: json.loads(file.read_text(encoding="utf-8")) for stack, file in files.items()}
    return Exchange(settings, composition, folder, templates)


@cache
def template(environment: str, stack: str) -> Template:
    """For what `aws_cdk.assertions` says best."""
    return Template.from_json(exchange(environment).templates[stack])


def statements(policies: Mapping[str, Json]) -> list[Json]:
    """Of all the policies, whichever role they belong to."""
    return [one for policy in policies.values() for one in policy["Properties"]["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    """CloudFormation writes a list of one without its brackets."""
    return value if isinstance(value, list) else [value]


def walk(value: Any) -> Iterator[Json]:
    """Every object inside, itself included."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


_REFERENCE_BYTES = 40  # what CloudFormation puts in the place of one: the name of a cluster or a table, a region


def text_of(value: Any) -> str:
    """Return the value of a variable with something in the place of each reference."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        delimiter, parts = value["Fn::Join"]
        return str(delimiter).join(text_of(part) for part in parts)
    return "x" * _REFERENCE_BYTES


def environment_bytes(function: Mapping[str, Any]) -> int:
    """Return the bytes that names and values take together."""
    variables = function.get("Environment", {}).get("Variables", {})
    return sum(len(name) + len(text_of(value).encode()) for name, value in variables.items())


PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"


def staging_settings() -> Settings:
    return exchange("staging").settings


@cache
def single_templates() -> dict[str, Template]:
    """By stack: Pipeline, Observability, Access, and AdoptingAccess, which finds GitHub's provider in the account."""
    found = {name.capitalize(): template("staging", name) for name in ("observability", "access")}
    found["Pipeline"] = template("prod2", "pipeline")
    return found | {"AdoptingAccess": Template.from_stack(_adopting_access())}


def bare_release(stack: Stack) -> Any:
    """The part of a Release stack that the roles of the Access stack are made from."""
    release = cast(Any, stack)
    CfnOutput(release, "LedgerTableName", value="ledger")
    release.alerts = SimpleNamespace(master_key=None)
    return release


def _adopting_access() -> Stack:
    app = App(context=CONTEXT)
    release = bare_release(Stack(app, "Release"))
    return AccessStack(app, "Access", settings=staging_settings(), release=release, github_provider_arn=PROVIDER)


def role_statements(template: Template, role: str) -> list[dict[str, Any]]:
    """What the policies of the role whose logical id begins so allow."""
    return [
        statement
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        if name.startswith(role)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def actions_of(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


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

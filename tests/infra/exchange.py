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
STACKS_OF = {
    environment: tuple(stack for stack in STACKS if environment == PIPELINE or stack != "pipeline")
    for environment in ENVIRONMENTS
}
EVERY_STACK = [(environment, stack) for environment, stacks in STACKS_OF.items() for stack in stacks]
_OUTPUT = TemporaryDirectory(prefix="exchange-infra-")  # gone when the tests are
Json = dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One environment: its settings, its stacks, and their synthesized templates by the stack's short name."""

    settings: Settings
    composition: Composition
    folder: Path
    templates: Mapping[str, Json]

    def resources(self, stack: str, kind: str) -> dict[str, Json]:
        """Return the resources of one type by logical id; `kind` is the type without `AWS::`."""
        resources = self.templates[stack].get("Resources", {}).items()
        return {id_: resource for id_, resource in resources if resource["Type"].removeprefix("AWS::") == kind}

    def properties(self, stack: str, kind: str) -> list[Json]:
        """Return the properties of the resources of one type."""
        return [resource.get("Properties", {}) for resource in self.resources(stack, kind).values()]

    def only(self, stack: str, kind: str) -> Json:
        """Return the properties of the only resource of a type."""
        (properties,) = self.properties(stack, kind)
        return properties

    def services(self) -> Iterator[tuple[str, Service]]:
        """Yield each service of the settings with the name of its component."""
        for component in self.settings.components.values():
            for service in component.services.values():
                yield component.name, service

    def ecs_service(self, name: str) -> Json:
        """Return the properties of the ECS service of this name."""
        services = (service for stack in (*COMPONENTS, "data") for service in self.properties(stack, "ECS::Service"))
        return next(service for service in services if service["ServiceName"] == name)

    def task(self, component: str, service: str) -> Json:
        """Return the properties of the task definition of a service."""
        name = self.settings.components[component].services[service].name
        id_ = self.ecs_service(name)["TaskDefinition"]["Ref"]
        properties: Json = self.resources(component, "ECS::TaskDefinition")[id_]["Properties"]
        return properties

    def container(self, component: str, service: str) -> Json:
        """Return the only container of a service's task."""
        (container,) = self.task(component, service)["ContainerDefinitions"]
        return dict(container)


SERVICES = [
    (environment, component.name, service)
    for environment in ENVIRONMENTS
    for component in load_settings(environment).components.values()
    for service in component.services
]


@cache
def exchange(environment: str) -> Exchange:
    """Synthesize an environment, once."""
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
    """Return a template for the assertions of CDK."""
    return Template.from_json(exchange(environment).templates[stack])


def statements(policies: Mapping[str, Json]) -> list[Json]:
    """Return the statements of all policies, whichever role they belong to."""
    return [
        statement for policy in policies.values() for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def listed(value: Any) -> list[Any]:
    """Return a value as a list: CloudFormation writes a list of one without its brackets."""
    return value if isinstance(value, list) else [value]


def walk(value: Any) -> Iterator[Json]:
    """Yield every object inside a value, itself included."""
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
    """Return Pipeline, Observability, Access, and AdoptingAccess, which finds GitHub's provider in the account."""
    templates = {name.capitalize(): template("staging", name) for name in ("observability", "access")}
    templates["Pipeline"] = template("prod2", "pipeline")
    return templates | {"AdoptingAccess": Template.from_stack(_adopting_access())}


def bare_release(stack: Stack) -> Any:
    """Give a stack what the roles of the Access stack need of a Release stack."""
    release = cast(Any, stack)
    CfnOutput(release, "LedgerTableName", value="ledger")
    release.alerts = SimpleNamespace(master_key=None)
    return release


def _adopting_access() -> Stack:
    app = App(context=CONTEXT)
    release = bare_release(Stack(app, "Release"))
    return AccessStack(app, "Access", settings=staging_settings(), release=release, github_provider_arn=PROVIDER)


def role_statements(template: Template, role: str) -> list[dict[str, Any]]:
    """Return the statements of the policies whose logical ids begin with the role's name."""
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
class PipelineTemplate:
    """The template of a Pipeline stack, with its pipeline and its CodeBuild projects taken out."""

    pipeline: Json
    projects: Mapping[str, Json]
    template: Template

    @property
    def stages(self) -> dict[str, list[Json]]:
        return stages_of(self.pipeline)


def pipeline_of(settings: Settings) -> PipelineTemplate:
    """Synthesize the Pipeline stack, beside as much of an Access stack as it reads."""
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
    properties = {id_: project["Properties"] for id_, project in projects.items()}
    return PipelineTemplate(pipeline["Properties"], properties, template)


def access_of(settings: Settings) -> Template:
    """Synthesize the Access stack alone."""
    return Template.from_stack(_access(App(context=CONTEXT), settings))


def _access(app: App, settings: Settings) -> AccessStack:
    environment = Environment(account=settings.account, region=settings.region)
    release = bare_release(Stack(app, settings.stack_name("release"), env=environment))
    return AccessStack(app, settings.stack_name("access"), settings=settings, release=release, env=environment)


def stages_of(pipeline: Json) -> dict[str, list[Json]]:
    """Return the actions of each stage, in the order of the stages."""
    return {stage["Name"]: stage["Actions"] for stage in pipeline["Stages"]}


def action(stages: Mapping[str, list[Json]], stage: str, name: str) -> Json:
    return next(action for action in stages[stage] if action["Name"] == name)

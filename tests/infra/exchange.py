"""Both environments as they would be deployed, each composed and synthesized once in a run of the tests."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Template

from settings.loading import Service, Settings, load_settings
from stacks.composition import Composition, compose

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

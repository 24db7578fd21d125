"""The stacks of an environment. Each knows only what it is given here."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import App, DefaultStackSynthesizer, Environment, Tags

from settings.loading import Settings, SettingsError
from stacks.access import AccessStack
from stacks.backend import BackendStack
from stacks.client import ClientStack
from stacks.component import ComponentStack
from stacks.data import DataStack
from stacks.engine import EngineStack
from stacks.network import NetworkStack
from stacks.observability import ObservabilityStack
from stacks.pipeline import PipelineStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from stacks.release import ReleaseStack

COMPONENTS = ("backend", "client", "engine")


@dataclass(frozen=True)
class Composition:
    """The stacks of one environment, for tests and for the curious; `components` are by name."""

    registry: RegistryStack
    network: NetworkStack
    platform: PlatformStack
    data: DataStack
    release: ReleaseStack
    components: dict[str, ComponentStack]
    observability: ObservabilityStack
    access: AccessStack
    pipeline: PipelineStack | None


def compose(app: App, settings: Settings) -> Composition:
    """Make the stacks in the order in which they are deployed: docs/decisions/0004-parts-are-stacked-by-need.md.

    There are eleven, or ten where another environment's pipeline releases, or GitHub's workflows do. Settings with a
    component that has no stack, or without one that has, are a `SettingsError`.
    """
    _check_components(settings)

    def named(stack: str) -> tuple[App, str]:
        return app, settings.stack_name(stack)

    base: dict[str, Any] = {
        "settings": settings,
        "env": Environment(account=settings.account, region=settings.region),
        "termination_protection": settings.production,
        # A parameter for the bootstrap's version would be in each release's change set, whose role had to read it; the
        # CDK CLI checks the version itself.
        "synthesizer": DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
    }
    registry = RegistryStack(*named("registry"), **base)
    network = NetworkStack(*named("network"), **base)
    platform = PlatformStack(*named("platform"), network=network, **base)
    data = DataStack(*named("data"), network=network, platform=platform, registry=registry, **base)
    release = ReleaseStack(*named("release"), network=network, data=data, platform=platform, registry=registry, **base)
    shared = base | {"data": data, "platform": platform, "registry": registry, "release": release}
    backend = BackendStack(*named("backend"), **shared)
    client = ClientStack(*named("client"), backend=backend, **shared)
    engine = EngineStack(*named("engine"), **shared)
    components: dict[str, ComponentStack] = {"backend": backend, "client": client, "engine": engine}
    access = AccessStack(
        *named("access"), release=release, github_provider_arn=settings.adopt.github_provider_arn, **base
    )
    own_pipeline = settings.has_pipeline and not settings.owner
    composition = Composition(
        registry=registry,
        network=network,
        platform=platform,
        data=data,
        release=release,
        components=components,
        observability=ObservabilityStack(
            *named("observability"), platform=platform, data=data, components=components, release=release, **base
        ),
        access=access,
        pipeline=PipelineStack(*named("pipeline"), access=access, **base) if own_pipeline else None,
    )
    Tags.of(app).add("project", settings.project)
    Tags.of(app).add("environment", settings.environment)
    return composition


def _check_components(settings: Settings) -> None:
    """Refuse a component that has no stack, which knows its containers' inputs, and a stack without its component."""
    unknown = [name for name in settings.components if name not in COMPONENTS]
    missing = [name for name in COMPONENTS if name not in settings.components]
    problems = [f"config/exchange.toml: components.{name}: has no stack; write stacks/{name}.py" for name in unknown]
    problems += [f"config/exchange.toml: components.{name}: is missing; stacks/{name}.py needs it" for name in missing]
    if problems:
        raise SettingsError(problems)

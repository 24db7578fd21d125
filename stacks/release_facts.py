"""What the functions of a release know of each component, and what its machines and functions are called."""

from datetime import time

from exchange_constructs.release.release_permissions import ReleasePermissions
from release_engine import model
from release_engine.window import Window
from settings.loading import Component, Service, Settings


def known_components(settings: Settings, reach: ReleasePermissions) -> dict[str, model.Component]:
    """Return the components as the functions know them; what only a deployment can tell are references of CDK."""
    return {name: _component(settings, reach, component) for name, component in settings.components.items()}


def machine_name(settings: Settings, component: str) -> str:
    """Of the release machine."""
    return settings.stack_name(f"{component}-release")


def request_name(settings: Settings, component: str) -> str:
    """Of the machine by which a pipeline asks for a release of the component."""
    return settings.stack_name(f"{component}-request")


def preflight_name(settings: Settings) -> str:
    """Of the function that a pipeline asks before a release."""
    return settings.stack_name("preflight")


def record_name(settings: Settings) -> str:
    """Of the function that a pipeline asks to keep a push in the ledger."""
    return settings.stack_name("record")


def alarm_prefix(settings: Settings, component: str) -> str:
    """With which the names of a component's alarms begin."""
    return f"{settings.stack_name(component)}-"


def _component(settings: Settings, reach: ReleasePermissions, component: Component) -> model.Component:
    name = component.name
    return model.Component(
        name=name,
        stack=settings.stack_name(name),
        cluster=reach.cluster,
        repository=reach.repositories[name].repository_name,
        machine_arn=reach.machine_arn(machine_name(settings, name)),
        alarm_prefix=alarm_prefix(settings, name),
        metrics=model.MetricsHome(settings.project.capitalize(), settings.environment),
        gate=component.gate,
        services=tuple(_service(service) for service in component.services.values()),
        window=_window(settings, name),
    )


def _service(service: Service) -> model.Service:
    return model.Service(
        key=service.key,
        name=service.name,
        port=service.port,
        readiness_path=service.readiness_path,
        sample_path=service.sample_path,
        canary=service.strategy == "CANARY",
    )


def _window(settings: Settings, component: str) -> Window | None:
    """Return when the component's releases may start; None where they always may."""
    window = settings.window
    if window is None or component not in window.components:
        return None
    return Window(tuple(window.days), time.fromisoformat(window.opens), time.fromisoformat(window.closes))

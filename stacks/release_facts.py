"""What the functions of a release are told of each component; `release_engine.model.parse_components` reads it."""

from typing import Any

from exchange_constructs.release.release_permissions import Reach
from settings.check import Check
from settings.gate import Gate, Probe
from settings.loading import Component, Service, Settings


def facts(settings: Settings, reach: Reach) -> dict[str, Any]:
    """By component. A function's environment holds 4 KB in all, so what has its default is left out."""
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


def _component(settings: Settings, reach: Reach, component: Component) -> dict[str, Any]:
    name = component.name
    return {
        "stack": settings.stack_name(name),
        "cluster": reach.cluster,
        "repository": reach.repositories[name].repository_name,
        "machine_arn": reach.machine_arn(machine_name(settings, name)),
        "alarm_prefix": alarm_prefix(settings, name),
        "metrics": {"namespace": settings.project.capitalize(), "environment": settings.environment},
        "gate": _limits(component),
        "services": {service.key: _service(service) for service in component.services.values()},
        **_window(settings, name),
    }


def _limits(component: Component) -> dict[str, Any]:
    """What has its default is left out, for the engine has the same."""
    gate = component.gate
    return {
        "interval_seconds": gate.interval_seconds,
        "rounds": gate.rounds,
        "probes": [_probe(one, gate) for one in gate.probes],
        "checks": [_check(one, gate) for one in gate.checks],
        **({"canary": gate.canary.model_dump()} if gate.canary else {}),
    }


def _probe(probe: Probe, gate: Gate) -> dict[str, Any]:
    """As `release_engine.model.Probe` reads it."""
    told = probe.model_dump(exclude_defaults=True, exclude={"interval_seconds"})
    return told | ({"every": every} if (every := probe.every(gate.interval_seconds)) > 1 else {})


def _check(check: Check, gate: Gate) -> dict[str, Any]:
    """As `release_engine.check.Check` reads it."""
    told = check.model_dump(exclude_defaults=True, exclude={"max", "min", "interval_seconds"})
    if limit := check.min if check.max is None else check.max:
        told["limit"] = limit
    told |= {"at_least": True} if check.max is None else {}
    return told | ({"every": every} if (every := check.every(gate.interval_seconds)) > 1 else {})


def _service(service: Service) -> dict[str, str | int]:
    """Left out where there is none: an environment holds 4 KB."""
    facts = {
        "name": service.name,
        "port": service.port,
        "readiness_path": service.readiness_path,
        "sample_path": service.sample_path,
        "canary": service.strategy == "CANARY" or None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _window(settings: Settings, component: str) -> dict[str, dict[str, Any]]:
    """When its releases may start; left out where they always may."""
    window = settings.window
    if window is None or component not in window.components:
        return {}
    return {"window": {"days": list(window.days), "opens": window.opens, "closes": window.closes}}

"""What the functions of a release are told of each component; `release_engine.model.parse_components` reads it."""

from typing import Any

from exchange_constructs.release_reach import Reach
from stacks.gate_settings import Gate, Metric
from stacks.settings import Component, Service, Settings

_TOLERANCES = ("min_samples", "max_failures", "max_errors_in_a_row", "max_inconclusive")


def facts(settings: Settings, reach: Reach) -> dict[str, Any]:
    """By component. A function's environment holds 4 KB in all, so what has its default is left out."""
    return {name: _component(settings, reach, component) for name, component in settings.components.items()}


def machine_name(settings: Settings, component: str) -> str:
    """Of the release machine."""
    return settings.stack_name(f"{component}-release")


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
    gate = component.gate
    return {
        "interval_seconds": gate.interval_seconds,
        "rounds": gate.rounds,
        "samples_per_round": gate.samples_per_round,
        "min_samples": gate.min_samples,
        "max_error_rate": gate.max_error_rate,
        "max_p95_ms": gate.max_p95_ms,
        **({"metrics": [_metric(one, gate) for one in gate.metrics]} if gate.metrics else {}),
    }


def _metric(metric: Metric, gate: Gate) -> dict[str, Any]:
    """As `release_engine.metric_check.MetricCheck` reads it, which has the same defaults."""
    check: dict[str, Any] = {
        "name": metric.name,
        "metric": metric.metric,
        "statistic": metric.statistic,
        "limit": metric.min if metric.max is None else metric.max,
    }
    check |= {"unit": metric.unit} if metric.unit else {}
    check |= {"at_least": True} if metric.max is None else {}
    check |= {"every": every} if (every := metric.every(gate.interval_seconds)) > 1 else {}
    values = {name: getattr(metric, name) for name in _TOLERANCES}
    return check | {name: value for name, value in values.items() if value != Metric.model_fields[name].default}


def _service(service: Service) -> dict[str, str | int | None]:
    """Left out where there is none: an environment holds 4 KB."""
    facts = {
        "name": service.name,
        "port": service.port,
        "readiness_path": service.readiness_path,
        "sample_path": service.sample_path,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _window(settings: Settings, component: str) -> dict[str, dict[str, Any]]:
    """When its releases may start; left out where they always may."""
    window = settings.window
    if window is None or component not in window.components:
        return {}
    return {"window": {"days": list(window.days), "opens": window.opens, "closes": window.closes}}

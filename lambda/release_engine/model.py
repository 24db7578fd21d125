"""What is released: digests and components, as the functions are told of them."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from release_engine import window
from release_engine.gate_limits import Gate, gate_of
from release_engine.window import Window

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


def digest_problem(digest: str) -> str | None:
    """Why this is not an image digest; None when it is. A tag can be moved, so it never names a version (F7)."""
    if _DIGEST.fullmatch(digest):
        return None
    return f"{digest!r} is not an image digest: sha256: and 64 hexadecimal digits, never a tag"


def release_id_problem(release_id: str) -> str | None:
    """Why this cannot be the name of a release, which is the name of its execution too."""
    if _RELEASE_ID.fullmatch(release_id):
        return None
    return f"{release_id!r} cannot name a release: at most 80 letters, digits, - and _"


def digest_of(image: str) -> str:
    """The digest in an image reference such as `repository@sha256:…`; empty when it names none."""
    return image.partition("@")[2]


@dataclass(frozen=True)
class MetricsHome:
    """Where CloudWatch keeps what the components report of themselves."""

    namespace: str
    environment: str


@dataclass(frozen=True)
class Service:
    """One ECS service of a component; a service without a port answers no probes.

    `canary`: a new version meets a part of the users first, and is compared with the former one.
    """

    key: str
    name: str
    port: int | None = None
    readiness_path: str | None = None
    sample_path: str | None = None
    canary: bool = False


@dataclass(frozen=True)
class Component:
    """Where a component lives; without a `window` its releases may start at any time."""

    name: str
    stack: str
    cluster: str
    repository: str
    machine_arn: str
    alarm_prefix: str
    metrics: MetricsHome
    gate: Gate
    services: tuple[Service, ...]
    window: Window | None = None

    @property
    def probed(self) -> tuple[Service, ...]:
        """Return the services that can be asked."""
        return tuple(service for service in self.services if service.port)

    @property
    def canaries(self) -> tuple[Service, ...]:
        """Return the services whose new versions are compared with the former one."""
        return tuple(service for service in self.services if service.canary)

    @property
    def service_names(self) -> list[str]:
        """Return the services' names as ECS knows them."""
        return [service.name for service in self.services]

    def service(self, key: str) -> Service:
        """Return the service with this key in the settings, such as `web`."""
        return next(service for service in self.services if service.key == key)

    def facts(self) -> dict[str, Any]:
        """Return what is known of the component before it is deployed, as `components.json` in the asset holds it."""
        services = {service.key: asdict(service) for service in self.services}
        return {
            "stack": self.stack,
            "alarm_prefix": self.alarm_prefix,
            "metrics": asdict(self.metrics),
            "gate": self.gate.as_dict(),
            "services": services,
            **({"window": self.window.as_dict()} if self.window else {}),
        }

    def references(self) -> dict[str, str]:
        """Return what CloudFormation resolves when it deploys, as the functions' environment holds it."""
        return {"cluster": self.cluster, "repository": self.repository, "machine_arn": self.machine_arn}


def parse_components(
    facts: Mapping[str, Mapping[str, Any]], references: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Component]:
    """Return the components from their `facts()` and `references()`, each by name; the facts may hold both."""
    return {name: _component(name, {**values, **(references or {}).get(name, {})}) for name, values in facts.items()}


def _component(name: str, values: Mapping[str, Any]) -> Component:
    return Component(
        name=name,
        stack=values["stack"],
        cluster=values["cluster"],
        repository=values["repository"],
        machine_arn=values["machine_arn"],
        alarm_prefix=values["alarm_prefix"],
        metrics=MetricsHome(**values["metrics"]),
        gate=gate_of(values["gate"]),
        services=tuple(Service(**{"key": key, **service}) for key, service in values["services"].items()),
        window=window.parse(values["window"]) if "window" in values else None,
    )

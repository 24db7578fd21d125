"""What is released: digests and components, as the functions are told of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from release_engine import window
from release_engine.check import Check
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
class CanaryLimits:
    """How a canary is compared with the former version: samples a side, and what is no reason to roll back.

    `tasks` of the former version are started afresh for it; `at_once` requests go to either side at a time.
    """

    samples: int
    at_once: int
    tasks: int
    max_error_rise: float
    max_latency_rise: float
    max_latency_rise_ms: float


@dataclass(frozen=True)
class Probe:
    """What the tasks of one service are asked, as users do and in depth, and what is held against them.

    `statuses` is the range of good ones; `body` are the fields that an answer in depth must have, inner ones by dots.
    `max_error_rate` holds for samples, for readings in depth and for requests that could not be taken, each for itself.
    A round in which more than that could not be taken is an error, of which so many in a row are tolerated; one in
    which there was nobody to ask is inconclusive. `every` says in how many rounds of the gate it is asked once.
    """

    service: str
    samples_per_round: int
    min_samples: int
    max_error_rate: float
    max_ms: float
    percentile: float = 95
    every: int = 1
    max_errors_in_a_row: int = 3
    max_inconclusive: int = 10
    statuses: tuple[int, int] = (200, 399)
    body: Mapping[str, Any] = field(default_factory=lambda: {"status": "ok"})


@dataclass(frozen=True)
class GateLimits:
    """What a component's gate asks; the keys are those of the settings."""

    interval_seconds: int
    rounds: int
    probes: tuple[Probe, ...] = ()
    checks: tuple[Check, ...] = ()
    canary: CanaryLimits | None = None

    def probe(self, service: str) -> Probe:
        """That of the service with this key."""
        return next(probe for probe in self.probes if probe.service == service)


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
    gate: GateLimits
    services: tuple[Service, ...]
    window: Window | None = None

    @property
    def probed(self) -> tuple[Service, ...]:
        """The services that can be asked."""
        return tuple(service for service in self.services if service.port)

    @property
    def canaries(self) -> tuple[Service, ...]:
        """The services whose new versions are compared with the former one."""
        return tuple(service for service in self.services if service.canary)

    @property
    def service_names(self) -> list[str]:
        """As ECS knows them."""
        return [service.name for service in self.services]

    def service(self, key: str) -> Service:
        """By its key in the settings, such as `web`."""
        return next(service for service in self.services if service.key == key)


def parse_components(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Component]:
    """From the JSON that the functions have in their environment."""
    return {name: _component(name, values) for name, values in facts.items()}


def _component(name: str, values: Mapping[str, Any]) -> Component:
    return Component(
        name=name,
        stack=values["stack"],
        cluster=values["cluster"],
        repository=values["repository"],
        machine_arn=values["machine_arn"],
        alarm_prefix=values["alarm_prefix"],
        metrics=MetricsHome(**values["metrics"]),
        gate=_limits(values["gate"]),
        services=tuple(Service(key=key, **service) for key, service in values["services"].items()),
        window=window.parse(values["window"]) if "window" in values else None,
    )


def _limits(values: Mapping[str, Any]) -> GateLimits:
    """What has no tolerance of its own has the default one."""
    probes = tuple(_probe(probe) for probe in values.get("probes", ()))
    checks = tuple(Check(**check) for check in values.get("checks", ()))
    canary = CanaryLimits(**values["canary"]) if "canary" in values else None
    return GateLimits(**{**values, "probes": probes, "checks": checks, "canary": canary})


def _probe(values: Mapping[str, Any]) -> Probe:
    probe = Probe(**values)
    lowest, highest = probe.statuses
    return replace(probe, statuses=(lowest, highest))

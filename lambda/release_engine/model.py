"""Defines what is released, and when it may be: digests, manifests of builds, components and their release windows.

Each build writes a manifest, `release.json`; its fields are explained in docs/contracts.md. A window is hours of
UTC on days of the week. A rollback may begin at any time.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from release_engine.gate_limits import Gate, gate_of
from release_engine.ledger import iso

_PHASES = ("none", "expand", "contract")


@dataclass(frozen=True)
class Manifest:
    """The facts of a version that plans need, from its build's `release.json`."""

    schema_phase: str = "none"
    schema_version: int | None = None
    snapshot_format: str | None = None


def read_manifest(manifest: Mapping[str, Any] | None) -> Manifest:
    """Read a manifest in which `manifest_problems` found nothing; without one, neither schema nor format changes."""
    values = manifest or {}
    schema = values.get("schema") or {}
    written = values.get("snapshot_format")
    return Manifest(schema.get("phase", "none"), schema.get("version"), None if written is None else str(written))


def manifest_problems(manifest: Mapping[str, Any] | None, *, component: str, digest: str) -> list[str]:
    """Name everything that makes the manifest unfit for a release of `digest` of `component`."""
    if manifest is None:
        return []
    schema = manifest.get("schema") or {}
    problems = []
    for key, wanted in (("component", component), ("digest", digest)):
        if manifest.get(key, wanted) != wanted:
            problems.append(f"release.json: {key} is {manifest[key]!r}, the release is of {wanted!r}")
    if not isinstance(schema, Mapping):
        return [*problems, f"release.json: schema is {schema!r}, not an object"]
    if schema.get("phase", "none") not in _PHASES:
        problems.append(f"release.json: schema.phase is {schema['phase']!r}, allowed: {', '.join(_PHASES)}")
    return problems


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """A release window, open on `days` from `opens` to `closes`, in UTC.

    A `closes` that is not after `opens` is on the next day.
    """

    days: tuple[str, ...]
    opens: time
    closes: time

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.opens:%H:%M}-{self.closes:%H:%M} UTC"

    def as_dict(self) -> dict[str, Any]:
        """Return the window as JSON holds it; `parse_window` is the reverse."""
        return {"days": list(self.days), "opens": f"{self.opens:%H:%M}", "closes": f"{self.closes:%H:%M}"}


def parse_window(facts: Mapping[str, Any]) -> Window:
    """Read a window such as `{"days": ["tue"], "opens": "02:00", "closes": "05:00"}`, which the settings checked."""
    return Window(tuple(facts["days"]), time.fromisoformat(facts["opens"]), time.fromisoformat(facts["closes"]))


def window_problem(window: Window | None, epoch: float) -> str | None:
    """Return why a release must not start at `epoch`, and when it may; None when it may, as always without a window."""
    at = opens_at(window, epoch)
    return None if at is None else f"the release window ({window}) is closed: it opens at {iso(at)}"


def opens_at(window: Window | None, epoch: float) -> float | None:
    """Return when the window opens next, in epoch seconds; None while it is open, or without a window."""
    if window is None:
        return None
    now = datetime.fromtimestamp(epoch, UTC)
    spans = list(_spans(window, now))
    if any(opens <= now < closes for opens, closes in spans):
        return None
    return min(opens for opens, _ in spans if opens > now).timestamp()


def _spans(window: Window, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give the openings and closings from yesterday, whose window may still be open, to this day next week."""
    overnight = _DAY if window.closes <= window.opens else timedelta()
    for offset in range(-1, 8):
        day = now.date() + offset * _DAY
        if DAYS[day.weekday()] in window.days:
            yield (
                datetime.combine(day, window.opens, UTC),
                datetime.combine(day, window.closes, UTC) + overnight,
            )


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


def digest_problem(digest: str) -> str | None:
    """Return why this is not an image digest; None when it is. A tag can be moved, so it never names a version (F7)."""
    if _DIGEST.fullmatch(digest):
        return None
    return f"{digest!r} is not an image digest: sha256: and 64 hexadecimal digits, never a tag"


def release_id_problem(release_id: str) -> str | None:
    """Return why this cannot name a release, and so its execution; None when it can."""
    if _RELEASE_ID.fullmatch(release_id):
        return None
    return f"{release_id!r} cannot name a release: at most 80 letters, digits, - and _"


def digest_of(image: str) -> str:
    """Return the digest in an image reference such as `repository@sha256:…`; empty when it names none."""
    return image.partition("@")[2]


@dataclass(frozen=True)
class MetricsHome:
    """The namespace and dimension under which CloudWatch keeps what the components report of themselves."""

    namespace: str
    environment: str


@dataclass(frozen=True)
class Service:
    """One ECS service of a component; a service without a port answers no probes.

    With `canary`, a new version meets a part of the users first, and is compared with the former one.
    """

    key: str
    name: str
    port: int | None = None
    readiness_path: str | None = None
    sample_path: str | None = None
    canary: bool = False


@dataclass(frozen=True)
class Component:
    """One component, with everything of AWS that is its own; without a `window` its releases may start at any time."""

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
        window=parse_window(values["window"]) if "window" in values else None,
    )

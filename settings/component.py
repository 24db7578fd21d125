"""Describes the components, which are the same in every environment: `config/exchange.toml`."""

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from math import ceil
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from release_engine.gate_limits import DAY_MINUTES, MOST_ROUNDS, Gate

Bake = Annotated[int, Field(ge=1, le=DAY_MINUTES)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Path = Annotated[str, StringConstraints(pattern=r"^/")]
Folder = Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$")]
TABLE_NAME = "(the table's name)"  # the key under which a table is told its name; `name` in the file is another one
Kind = Literal["web", "worker", "singleton"]
Strategy = Literal["BLUE_GREEN", "CANARY", "ROLLING"]
# Both revisions of a blue/green service run at once, and only a load balancer can tell users from testers.
STRATEGIES: dict[Kind, tuple[Strategy, ...]] = {
    "web": ("BLUE_GREEN", "CANARY"),
    "worker": ("ROLLING",),
    "singleton": ("ROLLING",),
}


class Strict(BaseModel):
    """A table of the settings, which cannot be changed; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Service(Strict):
    """One ECS service of a component; `key` is its table's name. docs/contracts.md explains the paths."""

    key: str = Field(alias=TABLE_NAME)
    kind: Kind
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,254}$")]
    command: list[str] = Field(min_length=1)
    health_command: list[str] = Field(min_length=1)
    strategy: Strategy
    stop_timeout_seconds: int = Field(ge=1, le=120)
    drain_seconds: Annotated[int, Field(ge=1, le=115)] | None = None
    shift_bake_minutes: Bake | None = None
    canary_percent: Annotated[int, Field(ge=1, le=99)] | None = None
    canary_minutes: Bake | None = None
    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    liveness_path: Path | None = None
    readiness_path: Path | None = None
    sample_path: Path | None = None
    path_patterns: Annotated[list[Path], Field(min_length=1, max_length=5)] | None = None
    listener_priority: Annotated[int, Field(ge=1, le=50000)] | None = None
    assets_path: Folder | None = None
    work_volume_gb: Annotated[int, Field(ge=21, le=200)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        allowed = STRATEGIES[self.kind]
        if self.strategy not in allowed:
            raise ValueError(f"strategy {self.strategy} is not for a {self.kind}: allowed is {' or '.join(allowed)}")
        self._check_keys("web", self.kind == "web", "liveness_path", "path_patterns", "listener_priority")
        self._check_keys("web", self.kind == "web", "shift_bake_minutes")
        self._check_keys("worker", self.kind == "worker", "drain_seconds")
        self._check_keys("CANARY", self.strategy == "CANARY", "canary_percent", "canary_minutes")
        probed = self.kind == "web" or self.port is not None
        self._check_keys("probed", probed, "port", "readiness_path", "sample_path")
        self._check_assets_path()
        return self

    def _check_assets_path(self) -> None:
        """Refuse a path to which no request of a user comes, and any path of a service that is not for users."""
        if self.assets_path is None:
            return
        if self.kind != "web":
            raise ValueError("assets_path is for web services only: remove it")
        if not any(fnmatchcase(f"{self.assets_path}name", pattern) for pattern in self.path_patterns or ()):
            allowed = ", ".join(self.path_patterns or ())
            raise ValueError(f"assets_path = {self.assets_path} never comes here: allowed is a path within {allowed}")

    def _check_keys(self, what: str, needed: bool, *keys: str) -> None:
        """Refuse the keys that are missing where they are needed, or that are there where they mean nothing."""
        for key in keys:
            if needed and getattr(self, key) is None:
                raise ValueError(f"{key} is missing: every {what} service needs it")
            if not needed and getattr(self, key) is not None:
                raise ValueError(f"{key} is for {what} services only: remove it")


def _that_can_conclude(gate: Gate) -> Gate:
    """Refuse a gate whose bake could never say PASS, or whose checks cannot be told apart."""
    if problem := next(_endless(gate), None):
        raise ValueError(problem)
    names = Counter(check.title for check in gate.checks)
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise ValueError(f"checks: {', '.join(twice)} is there twice: each needs a name of its own")
    return gate


def _endless(gate: Gate) -> Iterator[str]:
    """Say why a bake of this gate could never say PASS."""
    if gate.rounds > MOST_ROUNDS:
        yield f"{gate.rounds} rounds, allowed are {MOST_ROUNDS}: raise interval_seconds"
    for probe in gate.probes:
        rounds = ceil(gate.rounds / gate.every(probe))
        if (most := rounds * probe.samples_per_round) < probe.min_samples:
            yield (
                f"probes: {probe.service!r} gets {rounds} rounds of {probe.samples_per_round} samples, {most} "
                f"in all, which never reaches its min_samples = {probe.min_samples}: raise bake_minutes or "
                "samples_per_round"
            )
    for check in gate.checks:
        readings = ceil(gate.rounds / gate.every(check))
        if readings < check.min_samples:
            yield (
                f"checks: {check.title!r} is read {readings} times in a bake, which never reaches its "
                f"min_samples = {check.min_samples}: raise bake_minutes, or lower its interval_seconds"
            )


class Component(Strict):
    """A part of the system that is released as one.

    `path` is its folder in the monorepo; `after` names the components that must have gone out before it.
    """

    name: str = Field(alias=TABLE_NAME)
    path: str
    after: list[str]
    gate: Annotated[Gate, AfterValidator(_that_can_conclude)]
    services: dict[Name, Service] = Field(min_length=1)

    @model_validator(mode="after")
    def _asks_what_can_be_asked(self) -> Self:
        """Refuse probes unless each service with a port has one, and a check of targets where there are none."""
        probed = [probe.service for probe in self.gate.probes]
        with_port = [key for key, service in self.services.items() if service.port]
        if unable := sorted({key for key in probed if key not in with_port}):
            raise ValueError(
                f"gate.probes: {', '.join(unable)} cannot be asked, allowed are {', '.join(with_port) or 'none'}"
            )
        for key in with_port:
            if (count := probed.count(key)) != 1:
                raise ValueError(f"gate.probes: {count} are for service {key}, every service with a port needs one")
        targets = any(check.kind == "unhealthy_targets" for check in self.gate.checks)
        if targets and not any(service.kind == "web" for service in self.services.values()):
            raise ValueError("gate.checks: unhealthy_targets is for components with a web service: remove it")
        return self

    @model_validator(mode="after")
    def _compares_its_canaries(self) -> Self:
        if self.canaries and self.gate.canary is None:
            raise ValueError("gate.canary is missing: a CANARY service is compared with its former version")
        if not self.canaries and self.gate.canary is not None:
            raise ValueError("gate.canary is for components with a CANARY service: remove it")
        return self

    @property
    def canaries(self) -> list[Service]:
        """List the services whose new versions are compared with the former one."""
        return [service for service in self.services.values() if service.strategy == "CANARY"]

    @model_validator(mode="before")
    @classmethod
    def _name_services(cls, values: Any) -> Any:
        return named(values, "services")


class Watch(Strict):
    """For how long an alarm undoes a release, and how long after such a rollback none undoes another (F27)."""

    hours: int = Field(ge=1, le=7 * 24)
    cool_down_minutes: int = Field(ge=0, le=DAY_MINUTES)


class Github(Strict):
    """The monorepo's own workflows for which the release workflow waits, by the names of their files."""

    required_workflows: list[Name] = Field(min_length=1)


class Exchange(Strict):
    """The whole of `exchange.toml`."""

    project: Name
    watch: Watch
    github: Github
    components: dict[Name, Component] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_components(cls, values: Any) -> Any:
        return named(values, "components")


def named(values: Any, group: str) -> Any:
    """Add to each table of the group its own name, which nobody writes in the file: it would be an unknown key."""
    if not isinstance(values, dict) or not isinstance(values.get(group), dict):
        return values
    tables = values[group].items()
    return values | {
        group: {name: {**table, TABLE_NAME: name} if isinstance(table, dict) else table for name, table in tables}
    }

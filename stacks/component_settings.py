"""What a component is, in every environment: `config/exchange.toml`."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from stacks.gate_settings import Bake, Gate
from stacks.strict import Strict

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Path = Annotated[str, StringConstraints(pattern=r"^/")]
TABLE_NAME = "(the table's name)"  # the key under which a table is told its name; `name` in the file is another one
Kind = Literal["web", "worker", "singleton"]
Strategy = Literal["BLUE_GREEN", "CANARY", "ROLLING"]
# Both revisions of a blue/green service run at once, and only a load balancer can tell users from testers.
STRATEGIES: dict[Kind, tuple[Strategy, ...]] = {
    "web": ("BLUE_GREEN", "CANARY"),
    "worker": ("ROLLING",),
    "singleton": ("ROLLING",),
}


class Service(Strict):
    """One ECS service. `key` is its table's name; the paths are explained in docs/contracts.md."""

    key: str = Field(alias=TABLE_NAME)
    kind: Kind
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,254}$")]
    command: list[str] = Field(min_length=1)
    health_command: list[str] = Field(min_length=1)
    strategy: Strategy
    stop_timeout_seconds: int = Field(ge=1, le=120)
    shift_bake_minutes: Bake | None = None
    canary_percent: Annotated[int, Field(ge=1, le=99)] | None = None
    canary_minutes: Bake | None = None
    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    liveness_path: Path | None = None
    readiness_path: Path | None = None
    sample_path: Path | None = None
    path_patterns: Annotated[list[Path], Field(min_length=1, max_length=5)] | None = None
    listener_priority: Annotated[int, Field(ge=1, le=50000)] | None = None
    work_volume_gb: Annotated[int, Field(ge=21, le=200)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        allowed = STRATEGIES[self.kind]
        if self.strategy not in allowed:
            raise ValueError(f"strategy {self.strategy} is not for a {self.kind}: allowed is {' or '.join(allowed)}")
        self._check_keys("web", self.kind == "web", "liveness_path", "path_patterns", "listener_priority")
        self._check_keys("web", self.kind == "web", "shift_bake_minutes")
        self._check_keys("CANARY", self.strategy == "CANARY", "canary_percent", "canary_minutes")
        probed = self.kind == "web" or self.port is not None
        self._check_keys("probed", probed, "port", "readiness_path", "sample_path")
        return self

    def _check_keys(self, what: str, needed: bool, *keys: str) -> None:
        """A key that is missing, or that has no meaning here, is an error either way."""
        for key in keys:
            if needed and getattr(self, key) is None:
                raise ValueError(f"{key} is missing: every {what} service needs it")
            if not needed and getattr(self, key) is not None:
                raise ValueError(f"{key} is for {what} services only: remove it")


class Component(Strict):
    """What goes out together. `path` is its folder in the monorepo, `after` what must have gone out before."""

    name: str = Field(alias=TABLE_NAME)
    path: str
    after: list[str]
    gate: Gate
    services: dict[Name, Service] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_services(cls, values: Any) -> Any:
        return named(values, "services")


class Exchange(Strict):
    """The whole of `exchange.toml`."""

    project: Name
    components: dict[Name, Component] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_components(cls, values: Any) -> Any:
        return named(values, "components")


def named(values: Any, group: str) -> Any:
    """Each table of the group with its own name. Nobody writes it in the file, where it would be an unknown key."""
    if not isinstance(values, dict) or not isinstance(values.get(group), dict):
        return values
    members = values[group].items()
    return values | {
        group: {name: {**one, TABLE_NAME: name} if isinstance(one, dict) else one for name, one in members}
    }

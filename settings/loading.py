"""Loads the settings of an environment: `config/exchange.toml` and `config/<environment>.toml`, checked as a whole.

Bad input is refused with file, key, value and what is allowed; every problem at once. Two environments of one
pipeline are two apps, which know each other's parts by name alone: the functions at the end make those names.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from settings.component import Component, Exchange, Github, Service, Watch
from settings.consistency import chain_of, cidrs, environment_problems, exchange_problems, overlap_problems
from settings.environment import (
    Adopt,
    Assets,
    Cache,
    Database,
    Domain,
    EcsKafka,
    Environment,
    ExternalKafka,
    Logs,
    MskKafka,
    Network,
    Pipeline,
    TaskSize,
    Window,
)
from settings.staging import Owner, Place, Tables, owners, pair_problems, staging_problems
from settings.wording import Problem, problems_of

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config"
EXCHANGE = "exchange"
ALLOWED_FINDINGS = "allowed_findings"  # read by settings/allowed_findings.py
NO_ENVIRONMENTS = (EXCHANGE, ALLOWED_FINDINGS)
Model = TypeVar("Model", bound=BaseModel)

__all__ = ["Component", "Service", "Settings", "SettingsError", "TaskSize", "load_settings"]


class SettingsError(ValueError):
    """Says all that is wrong, in one line for each problem: file, key, value, what is allowed."""

    def __init__(self, problems: Sequence[Problem | str]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True)
class Settings:
    """Everything that is set for one environment; `components` is in the order of `chain`, in which they go out."""

    environment: str
    project: str
    region: str
    account: str | None
    production: bool
    availability_zones: Sequence[str]
    network: Network
    domain: Domain | None
    adopt: Adopt
    database: Database
    cache: Cache
    kafka: EcsKafka | MskKafka | ExternalKafka
    logs: Logs
    assets: Assets
    tasks: Mapping[str, TaskSize]
    pipeline: Pipeline
    components: Mapping[str, Component]
    watch: Watch
    github: Github
    window: Window | None = None
    staging: "Settings | None" = None  # the environment to which its pipeline releases first
    owner: Owner | None = None  # whose pipeline releases here first; None where the environment has one of its own

    @property
    def has_pipeline(self) -> bool:
        """Tell whether a pipeline releases here, its own or another environment's; else GitHub's workflows do."""
        return (self.owner.runner if self.owner else self.pipeline.runner) == "codepipeline"

    @property
    def chain(self) -> tuple[str, ...]:
        return tuple(self.components)

    def stack_name(self, stack: str) -> str:
        """Return a stack's name, such as `exchange-staging-client`; with "" the beginning that all of them share."""
        return f"{self.project}-{self.environment}-{stack}"

    def repository_name(self, component: str) -> str:
        """Return the name of the repository of the component's images, which the Registry stack makes or adopts."""
        return self.adopt.repositories.get(component) or self.stack_name(component)

    def task(self, component: str, service: str) -> TaskSize:
        """Return how large a service's tasks are, and between which numbers of them it scales."""
        return self.tasks[f"{component}.{service}"]


def load_settings(environment: str, *, region: str | None = None, folder: Path = CONFIG) -> Settings:
    """Load an environment; raises SettingsError with all that is wrong.

    `region` is the caller's, for an environment whose file names none.
    """
    environments = sorted(file.stem for file in folder.glob("*.toml") if file.stem not in NO_ENVIRONMENTS)
    if environment not in environments:
        what = f"there is no such environment; allowed are {', '.join(environments)}"
        raise SettingsError([Problem(folder.name, "environment", environment, what)])
    settings = _load(environment, {name: _read(folder / f"{name}.toml") for name in environments}, region, folder)
    if (staging := settings.pipeline.staging) is None:
        return settings
    first = load_settings(staging, region=region, folder=folder)
    file = f"{folder.name}/{environment}.toml"
    own, other = (Place(each.region, each.account) for each in (settings, first))
    if problems := list(pair_problems(file, staging, own, other)):
        raise SettingsError(problems)
    return replace(settings, staging=first)


def _load(environment: str, tables: Tables, region: str | None, folder: Path) -> Settings:
    """Load one environment, without its staging."""
    files = {name: f"{folder.name}/{name}.toml" for name in (EXCHANGE, *tables)}
    exchange, wrong = _valid(Exchange, _read(folder / f"{EXCHANGE}.toml"), files[EXCHANGE])
    values, wrong_too = _valid(Environment, tables[environment], files[environment])
    if exchange is None or values is None:
        raise SettingsError([*wrong, *wrong_too])
    where = values.region or region or ""
    others = cidrs((files[name], table) for name, table in tables.items() if name != environment)
    problems = [
        *exchange_problems(files[EXCHANGE], exchange),
        *environment_problems(files[environment], values, exchange, where),
        *overlap_problems(files[environment], values.network.cidr, others),
        *staging_problems(files[environment], environment, values, tables),
    ]
    if problems:
        raise SettingsError(problems)
    owner = next(iter(owners(environment, tables)), None)
    return replace(_settings(environment, where, exchange, values), owner=owner)


def _settings(environment: str, region: str, exchange: Exchange, values: Environment) -> Settings:
    return Settings(
        environment=environment,
        project=exchange.project,
        region=region,
        account=values.account,
        production=values.production,
        availability_zones=tuple(values.availability_zones),
        network=values.network,
        domain=values.domain,
        adopt=values.adopt,
        database=values.database,
        cache=values.cache,
        kafka=values.kafka,
        logs=values.logs,
        assets=values.assets,
        tasks=values.tasks,
        pipeline=values.pipeline,
        components={name: exchange.components[name] for name in chain_of(exchange)},
        watch=exchange.watch,
        github=exchange.github,
        window=values.window,
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # of its syntax, or of its encoding
        raise SettingsError([f"{file.parent.name}/{file.name}: is not TOML: {error}"]) from error


def _valid(model: type[Model], table: Mapping[str, Any], file: str) -> tuple[Model | None, list[Problem]]:
    try:
        return model.model_validate(table), []
    except ValidationError as error:
        return None, list(problems_of(error, file, model))


def pipeline_name(settings: Settings) -> str:
    """Return the name of the pipeline that releases to the environment, which may be another environment's."""
    owner = settings.owner.environment if settings.owner else settings.environment
    return f"{settings.project}-{owner}-pipeline"


def stage_label(settings: Settings) -> str:
    """Return how the names of the environment's stages begin; "" where the pipeline releases there alone."""
    if settings.owner:
        return "Staging"
    return "Production" if settings.pipeline.staging else ""


def stages_role(settings: Settings) -> str:
    """Return the name of the role of the pipeline itself."""
    return f"{pipeline_name(settings)}-stages"


def project_role(settings: Settings, what: str) -> str:
    """Return the name of the role of a CodeBuild project that works on this environment.

    `what` is the project's work: `acceptance` or `infrastructure`.
    """
    return "-".join(filter(None, (pipeline_name(settings), stage_label(settings).lower(), what)))


def build_role(settings: Settings, component: str) -> str:
    """Return the name of the role of the project that builds a component's image, for every environment."""
    return f"{pipeline_name(settings)}-build-{component}"


def release_role(settings: Settings) -> str:
    """Return the name of the role that the pipeline assumes to ask for releases in the environment."""
    return settings.stack_name("pipeline")


def infrastructure_role(settings: Settings) -> str:
    """Return the name of the role that the pipeline assumes to deploy the environment's stacks."""
    return settings.stack_name("infrastructure")

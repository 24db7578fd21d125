"""Describes an environment: `config/<environment>.toml`."""

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from settings.component import Name, Strict

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
_GB = 1024
FARGATE: dict[int, tuple[int, ...]] = {
    256: (512, _GB, 2 * _GB),
    512: tuple(range(_GB, 4 * _GB + 1, _GB)),
    1024: tuple(range(2 * _GB, 8 * _GB + 1, _GB)),
    2048: tuple(range(4 * _GB, 16 * _GB + 1, _GB)),
    4096: tuple(range(8 * _GB, 30 * _GB + 1, _GB)),
    8192: tuple(range(16 * _GB, 60 * _GB + 1, 4 * _GB)),
    16384: tuple(range(32 * _GB, 120 * _GB + 1, 8 * _GB)),
}
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html, those that
# exchange_constructs.observability knows
RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731)
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
# https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html, those that are of use here
Endpoint = Literal[
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "events",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "secretsmanager",
    "sns",
    "states",
    "sts",
    "xray",
]
SMALLEST_PREFIX = 20  # three rows of subnets in three zones, each with room for a few hundred tasks
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hour = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Arn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:")]
Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
Branch = Annotated[str, StringConstraints(pattern=r"^[^\s*]+$")]
# https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: as many in a filter, and as long
MOST_IGNORED = 8
Runner = Literal["codepipeline", "github"]
IgnoredPath = Annotated[str, StringConstraints(pattern=r"^[^\s/][^\s]{0,254}$")]


class Network(Strict):
    """The VPC of an environment.

    `test_cidrs` may reach the test listener, where a new version is seen before users see it; nobody by default.
    `interface_endpoints` keep what tasks say to these services inside the network; each costs by the hour and zone.
    """

    cidr: str
    nat_gateways: int = Field(ge=1, le=3)
    interface_endpoints: tuple[Endpoint, ...] = ()
    test_cidrs: tuple[str, ...] = ()

    @field_validator("cidr")
    @classmethod
    def _is_large_enough(cls, value: str) -> str:
        network = _network(value)
        if not 16 <= network.prefixlen <= SMALLEST_PREFIX:
            raise ValueError(f"is /{network.prefixlen}: allowed are /16 to /{SMALLEST_PREFIX}")
        if not any(network.subnet_of(private) for private in PRIVATE):
            raise ValueError(f"is not private: allowed are ranges within {', '.join(map(str, PRIVATE))}")
        return value

    @field_validator("test_cidrs")
    @classmethod
    def _are_networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if _network(value).prefixlen == 0:
                raise ValueError(f"{value} is everybody: allowed are the networks of testers")
        return values


class Domain(Strict):
    """The name under which users come in by HTTPS, and its certificate."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
    certificate_arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:acm:")]


class Adopt(Strict):
    """What the account has already and this project uses, by name."""

    cluster: str | None = None
    repositories: dict[str, str] = Field(default_factory=dict)
    github_provider_arn: Arn | None = None


class Database(Strict):
    """The PostgreSQL database of an environment."""

    instance_class: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+\.[a-z0-9]+$")]
    storage_gb: int = Field(ge=20, le=65536)
    multi_az: bool
    backup_days: int = Field(ge=1, le=35)


class Cache(Strict):
    """The Redis cache of an environment; with replicas it survives the loss of a node."""

    node_type: Annotated[str, StringConstraints(pattern=r"^cache\.")]
    replicas: int = Field(ge=0, le=5)


class EcsKafka(Strict):
    """One KRaft broker as an ECS service; `image` is its ECR repository."""

    mode: Literal["ecs"]
    service_name: str
    image: Name
    cpu: int = 1024
    memory: int = 4096
    health_command: tuple[str, ...] = (
        "/opt/kafka/bin/kafka-broker-api-versions.sh",
        "--bootstrap-server",
        "localhost:9092",
    )


class MskKafka(Strict):
    """A cluster of Amazon MSK."""

    mode: Literal["msk"]
    instance_type: Annotated[str, StringConstraints(pattern=r"^kafka\.")]
    brokers: int = Field(ge=2, le=15)
    storage_gb: int = Field(ge=1, le=16384)


class ExternalKafka(Strict):
    """A Kafka cluster that somebody else runs."""

    mode: Literal["external"]
    bootstrap_brokers: list[Annotated[str, StringConstraints(pattern=r"^[^:,\s]+:\d+$")]] = Field(min_length=1)


class Logs(Strict):
    """How long CloudWatch keeps the logs."""

    retention_days: int

    @field_validator("retention_days")
    @classmethod
    def _is_known(cls, value: int) -> int:
        if value not in RETENTION_DAYS:
            raise ValueError(f"allowed are {', '.join(map(str, RETENTION_DAYS))}")
        return value


class Assets(Strict):
    """How long the hashed assets of a release are served after they were put into their bucket (F31)."""

    kept_days: int = Field(ge=7, le=3650)


class Window(Strict):
    """When releases of `components` may start: on `days`, from `opens` to `closes` in UTC. Rollbacks may at any time.

    `closes` before `opens` is on the next day. Who leaves the table out may release at any time.
    """

    components: tuple[Name, ...] = Field(default=("engine",), min_length=1)
    days: tuple[Day, ...] = Field(min_length=1)
    opens: Hour
    closes: Hour

    @model_validator(mode="after")
    def _closes(self) -> Self:
        if self.opens == self.closes:
            raise ValueError(f"opens and closes are both {self.opens}: leave the table out if it should never close")
        return self


class Pipeline(Strict):
    """`repository` is the monorepo, `commands_repository` this project, from which the pipeline takes its commands.

    With `staging` each push is released to that environment first, and to this one once somebody has approved, unless
    `approval` is false. A change in `ignored_paths` alone starts nothing and makes no new version (docs/pipeline.md).
    `acceptance_market` is where the acceptance suite may place its two orders. `runner` says who takes a push there:
    with "github" the workflows do (docs/github.md), and there is no pipeline.
    """

    repository: Repository
    branch: Branch
    commands_repository: Repository
    commands_branch: Branch = "main"
    connection_arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:code(connections|star-connections):")]
    staging: Name | None = None
    runner: Runner = "codepipeline"
    approval: bool = True
    ignored_paths: tuple[IgnoredPath, ...] = Field(default=(), max_length=MOST_IGNORED)
    acceptance_market: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+-[A-Z0-9]+$")] | None = None


class TaskSize(Strict):
    """The CPU units and the MB of a service's tasks; what scales has between `min` and `max` of them."""

    cpu: int
    memory: int
    min: Annotated[int, Field(ge=1)] | None = None
    max: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _exists_on_fargate(self) -> Self:
        if problem := fargate_problem(self.cpu, self.memory):
            raise ValueError(problem)
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min = {self.min} is above max = {self.max}: allowed is min up to max")
        return self


class Environment(Strict):
    """The whole of an environment's file."""

    production: bool
    region: str | None = None
    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    availability_zones: list[str] = Field(min_length=2, max_length=3)
    network: Network
    domain: Domain | None = None
    adopt: Adopt = Adopt()
    database: Database
    cache: Cache
    kafka: Annotated[EcsKafka | MskKafka | ExternalKafka, Field(discriminator="mode")]
    logs: Logs
    assets: Assets
    tasks: dict[str, TaskSize]
    pipeline: Pipeline
    window: Window | None = None


def fargate_problem(cpu: int, memory: int) -> str | None:
    """Say why Fargate has no task of this size; None when it has."""
    if cpu not in FARGATE:
        return f"cpu = {cpu} is no size of Fargate: allowed are {', '.join(map(str, FARGATE))}"
    if memory not in FARGATE[cpu]:
        return f"memory = {memory} does not go with cpu = {cpu}: allowed are {', '.join(map(str, FARGATE[cpu]))}"
    return None


def _network(value: str) -> IPv4Network:
    try:
        return IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"is no network: {error}; allowed is the like of 10.20.0.0/16") from error

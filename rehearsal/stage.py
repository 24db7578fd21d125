"""A deployed exchange, on which stories are played: its command line, its tasks, its ledger, its users."""

import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import botocore.session

from rehearsal.build import Image, build
from rehearsal.commands import ROOT, Command, Finished, Say, StepFailedError
from rehearsal.registry import push
from rehearsal.traffic import Traffic
from release_aws.ledger import Ledger
from release_engine.ledger import Release
from settings.loading import Settings

LONGEST_RELEASE = 900.0  # a bound for a machine that is busy with other things: a quiet one takes a minute


@dataclass(frozen=True)
class Running:
    """What runs of a component: its digests, and the tasks by ARN."""

    digests: frozenset[str]
    tasks: frozenset[str]


@dataclass(frozen=True)
class Stage:
    """`aws` is the environment that makes AWS clients talk to the local AWS; `door` is where users come in.

    Every wait of its AWS is divided by `speed`. Where pushes are rehearsed, `staging` is the environment to which the
    pipeline releases first, and `monorepo` the folder of the repository that is pushed to.
    """

    settings: Settings
    aws: Mapping[str, str]
    door: str
    traffic: Traffic
    say: Say
    speed: float
    staging: "Stage | None" = None
    monorepo: Path | None = None
    _versions: Any = field(default_factory=lambda: count(1))
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the stage's one client of a service: its model and its connections are kept for the next call."""
        if service not in self._clients:
            self._clients[service] = botocore.session.get_session().create_client(
                service,
                endpoint_url=self.aws["AWS_ENDPOINT_URL"],
                region_name=self.aws["AWS_REGION"],
                aws_access_key_id=self.aws["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.aws["AWS_SECRET_ACCESS_KEY"],
            )
        return self._clients[service]

    def next_version(self) -> str:
        return f"{next(self._versions)}.0.0"

    def build(self, component: str, version: str, *, fault: str = "none") -> Image:
        """Builds a version and pushes it."""
        image = build(component, version, fault=fault)
        push(self.client("ecr"), self.repository(component), image)
        return image

    def build_all(self) -> dict[str, Image]:
        """The same new version of every component, in the order in which they go out."""
        version = self.next_version()
        return {component: self.build(component, version) for component in self.settings.chain}

    def repository(self, component: str) -> str:
        return self.settings.repository_name(component)

    def command(self, *arguments: str) -> Command:
        """The operator's command line, under way."""
        python = ("python", "-m", "release", "-e", self.settings.environment)
        return Command([*python, *arguments], environment=self.aws, folder=ROOT, say=self.say)

    def release(self, images: Mapping[str, Image]) -> Finished:
        """`python -m release start` and how it ended, which may be a failure."""
        return self.start(images).wait(LONGEST_RELEASE)

    def start(self, images: Mapping[str, Image]) -> Command:
        return self.command("start", *(f"{component}={image.digest}" for component, image in images.items()))

    @cached_property
    def ledger(self) -> Ledger:
        stack = self.settings.stack_name("release")
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        return Ledger(self.client("dynamodb"), outputs["LedgerTableName"])

    def latest(self, component: str) -> Release | None:
        """The newest release in the ledger."""
        return next(iter(self.ledger.releases(component)), None)

    def running(self, component: str) -> Running:
        """What ECS says of the component's tasks."""
        found = list(self._tasks(component))
        digests = frozenset(container["imageDigest"] for task in found for container in task["containers"])
        return Running(digests, frozenset(task["taskArn"] for task in found))

    def beside(self, component: str) -> list[str]:
        """The ECS services that run a former version of the component, to be compared with."""
        arns = self.client("ecs").list_services(cluster=self.cluster)["serviceArns"]
        names = [service.name for service in self.settings.components[component].services.values()]
        found = [arn.rpartition("/")[2] for arn in arns]
        return [one for one in found if any(one.startswith(f"{name}-baseline-") for name in names)]

    def figures(self) -> dict[str, float]:
        """The backend's `/metrics`, from one of its web tasks."""
        service = self.settings.components["backend"].services["web"]
        task = next(iter(self._tasks("backend", [service.name])), None)
        if task is None:
            raise StepFailedError("asking the backend for its figures: no web task runs")
        with urllib.request.urlopen(f"http://{_address(task)}:{service.port}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in map(str.split, lines)}

    @cached_property
    def cluster(self) -> str:
        """The cluster that has the services."""
        ecs = self.client("ecs")
        names: list[str] = [arn.rpartition("/")[2] for arn in ecs.list_clusters()["clusterArns"]]
        wanted = self.settings.adopt.cluster
        return next(name for name in names if name == wanted or (wanted is None and self.settings.environment in name))

    def _tasks(self, component: str, services: Sequence[str] = ()) -> list[dict[str, Any]]:
        ecs, found = self.client("ecs"), list[dict[str, Any]]()
        for name in services or [service.name for service in self.settings.components[component].services.values()]:
            arns = ecs.list_tasks(cluster=self.cluster, serviceName=name)["taskArns"]
            if arns:
                found += ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"]
        return [task for task in found if task["lastStatus"] == "RUNNING"]


def _address(task: Mapping[str, Any]) -> str:
    details = (detail for attachment in task["attachments"] for detail in attachment["details"])
    return str(next(detail["value"] for detail in details if detail["name"] == "privateIPv4Address"))

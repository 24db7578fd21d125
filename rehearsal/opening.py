"""From nothing to a stage: the local AWS, `cdk bootstrap`, `cdk deploy --all`, and users at the door."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from rehearsal import deployment
from rehearsal.build import build
from rehearsal.commands import Say, StepFailedError
from rehearsal.deployment import Deployment
from rehearsal.local_aws import account_seed, load_balancer
from rehearsal.local_aws.server import LocalAws
from rehearsal.registry import push
from rehearsal.stage import Stage
from rehearsal.traffic import Traffic
from stacks.environment_settings import EcsKafka
from stacks.settings import Settings, load_settings

SECURE, PLAIN = 443, 80


@dataclass
class Opened:
    """What was measured on the way."""

    seconds: dict[str, float] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    stacks: list[str] = field(default_factory=list)
    resources: int = 0
    differing_templates: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        began = monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(monotonic() - began, 1)


@contextmanager
def open_stage(environment: str, *, folder: Path, speed: float, say: Say, opened: Opened) -> Iterator[Stage]:
    """A stage with every stack deployed and nothing released; all of it is gone when the block is left."""
    settings, began = load_settings(environment), monotonic()
    with LocalAws(folder / "aws", speed=speed, seed=[account_seed.seed_for(settings)]) as aws:
        cdk = Deployment(environment, folder=folder, aws=aws.environment(), say=say)
        synth = cdk.start_synth()
        cdk.bootstrap()
        synth.wait(deployment.PATIENCE).require("cdk synth")
        opened.seconds["set_up"] = round(monotonic() - began, 1)
        with opened.timed("deploy"):
            cdk.deploy()
            _start_broker(aws, cdk, settings)
        _inspect(aws, cdk, settings, opened)
        url, host = door(aws, settings)
        with Traffic(url, host=host) as traffic:
            yield Stage(settings=settings, aws=aws.environment(), door=url, traffic=traffic, say=say, speed=speed)


def _start_broker(aws: LocalAws, cdk: Deployment, settings: Settings) -> None:
    """Where Kafka runs on ECS, its image is pushed by hand, and its digest told to the Data stack: README."""
    if isinstance(settings.kafka, EcsKafka):
        image = build("kafka", "1.0.0")
        push(aws.client("ecr"), settings.kafka.image, image)
        cdk.set_parameter(settings.stack_name("data"), "KafkaImageDigest", image.digest)


def _inspect(aws: LocalAws, cdk: Deployment, settings: Settings, opened: Opened) -> None:
    """What CloudFormation has now, compared with what `cdk synth` says."""
    client, prefix = aws.client("cloudformation"), settings.stack_name("")
    deployed = deployment.deployed_templates(client, prefix)
    opened.stacks = sorted(deployed)
    opened.resources = deployment.count_resources(client, prefix)
    wanted = deployment.templates(cdk.reference)
    opened.wanted = sorted(wanted)
    opened.differing_templates = deployment.differing(wanted, deployed)


def door(aws: LocalAws, settings: Settings) -> tuple[str, str]:
    """Where users come in, and the host name that they ask for."""
    port = SECURE if settings.domain else PLAIN
    for balancer in aws.client("elbv2").describe_load_balancers()["LoadBalancers"]:
        host = settings.domain.name if settings.domain else str(balancer["DNSName"])
        return load_balancer.url(balancer["LoadBalancerArn"], port), host
    raise StepFailedError("there is no load balancer: was the Platform stack deployed?")

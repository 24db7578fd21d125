"""From nothing to a stage: the local AWS, `cdk bootstrap`, `cdk deploy --all`, and users at the door.

As a process of its own: python -m rehearsal.opening <folder> <environment> <speed> [pushes] [uncompared]
It is up until standard input ends. A process can hold one local AWS only, and a test session already has one. The line
that says how to play on the stage begins with READY; everything else on standard output is what the CDK CLI says.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from local_aws import account_seed
from local_aws.account_seed import Certificate, Holdings
from local_aws.codepipeline import repositories
from local_aws.elastic_load_balancing import load_balancer
from local_aws.server import LocalAws
from rehearsal import deployment, git_repositories, programs
from rehearsal.build import build
from rehearsal.commands import Say, StepFailedError
from rehearsal.deployment import Deployment
from rehearsal.git_repositories import Monorepo
from rehearsal.registry import push
from rehearsal.stage import Stage
from rehearsal.traffic import Traffic
from settings.environment import EcsKafka
from settings.loading import Settings, load_settings

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
def open_stage(
    environment: str,
    *,
    folder: Path,
    speed: float,
    say: Say,
    opened: Opened,
    pushes: bool = False,
    compared: bool = True,
) -> Iterator[Stage]:
    """Yield a stage with every stack deployed and nothing released; all of it is gone when the block is left.

    `pushes`: so is the environment to which its pipeline releases first, and there are repositories to push to.
    `compared`: what was deployed is held against a second synthesis, without an account.
    """
    settings, began = load_settings(environment), monotonic()
    first = settings.staging if pushes else None
    seed = [account_seed.seed_for(_holdings(one)) for one in (settings, first) if one]
    with LocalAws(folder / "aws", speed=speed, seed=seed, programs=programs.write) as aws:
        cdk = Deployment(environment, folder=folder, aws=aws.environment(), say=say)
        cdk.unpack()
        synth = cdk.start_synth() if compared else None
        cdk.bootstrap()
        if synth is not None:
            synth.wait(deployment.PATIENCE).require("cdk synth")
        opened.seconds["set_up"] = round(monotonic() - began, 1)
        with opened.timed("deploy"):
            cdk.deploy()
            _start_broker(aws, cdk, settings)
        if compared:
            _inspect(aws, cdk, settings, opened)
        with _playing(aws, settings, say, speed) as stage:
            if first is None:
                yield stage
                return
            with opened.timed("deploy_staging"):
                before = Deployment(first.environment, folder=folder / "staging", aws=aws.environment(), say=say)
                before.deploy()
                _start_broker(aws, before, first)
            with _playing(aws, first, say, speed) as staging:
                yield replace(stage, staging=staging, monorepo=_connect(settings, folder))


def _holdings(settings: Settings) -> Holdings:
    """What the environment adopts, and so must exist before it is deployed."""
    domain = settings.domain
    return Holdings(
        repositories=tuple(settings.adopt.repositories.values()),
        cluster=settings.adopt.cluster,
        certificate=Certificate(domain.certificate_arn, domain.name) if domain else None,
    )


@contextmanager
def _playing(aws: LocalAws, settings: Settings, say: Say, speed: float) -> Iterator[Stage]:
    url, host = door(aws, settings)
    with Traffic(url, host=host) as traffic:
        yield Stage(settings=settings, aws=aws.environment(), door=url, traffic=traffic, say=say, speed=speed)


def _connect(settings: Settings, folder: Path) -> Path:
    """Both repositories of the pipeline: an empty one to push to, and this project."""
    monorepo, commands = folder / "repositories" / "monorepo", folder / "repositories" / "commands"
    shutil.rmtree(monorepo.parent, ignore_errors=True)
    Monorepo(monorepo, {name: component.path for name, component in settings.components.items()})
    git_repositories.write_commands(commands)
    repositories.connect(settings.pipeline.repository, monorepo)
    repositories.connect(settings.pipeline.commands_repository, commands)
    return monorepo


def _start_broker(aws: LocalAws, cdk: Deployment, settings: Settings) -> None:
    """Where Kafka runs on ECS, its image is pushed by hand, and its digest told to the Data stack: README."""
    if isinstance(settings.kafka, EcsKafka):
        image = build("kafka", "1.0.0")
        push(aws.client("ecr"), settings.kafka.image, image)
        cdk.name_broker_image(settings.stack_name("data"), image.digest)


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
    port, stack = SECURE if settings.domain else PLAIN, settings.stack_name("platform")
    arns = [
        one["PhysicalResourceId"]
        for one in aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        if one["ResourceType"] == "AWS::ElasticLoadBalancingV2::LoadBalancer"
    ]
    for balancer in aws.client("elbv2").describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"]:
        host = settings.domain.name if settings.domain else str(balancer["DNSName"])
        return load_balancer.url(balancer["LoadBalancerArn"], port), host
    raise StepFailedError(f"{stack} has no load balancer")


READY = "READY "


def main() -> None:
    """Open the stage that the arguments name: folder, environment, speed, then `pushes` and `uncompared` if wanted."""
    folder, environment, speed, more = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4:]
    opened = Opened()
    with open_stage(
        environment,
        folder=folder,
        speed=speed,
        say=_say,
        opened=opened,
        pushes="pushes" in more,
        compared="uncompared" not in more,
    ) as stage:
        place = {
            "aws": dict(stage.aws),
            "door": stage.door,
            "staging_door": stage.staging and stage.staging.door,
            "monorepo": stage.monorepo and str(stage.monorepo),
            "stacks": opened.stacks,
            "differing_templates": opened.differing_templates,
        }
        _say(READY + json.dumps(place))
        sys.stdin.read()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()

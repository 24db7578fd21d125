"""One local AWS for all tests of a process, and the small things that they deploy: fixtures for any room of tests.

A room has them by importing them into its conftest.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.elastic_load_balancing import load_balancer
from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.codebuild.sample_builds import Builds
from tests.local_aws.codepipeline.sample_pipelines import Monorepo, Pipelines
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Balanced, Ecs, Moves

GREETER = "greeter"
_running: list[LocalAws] = []


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """The room that asks first opens it: there can be one only, and pytest keeps a session's fixtures by room."""
    if _running:
        yield _running[0]
        return
    with LocalAws(tmp_path_factory.mktemp("aws"), speed=60, programs=_write_greeter) as opened:
        _running.append(opened)
        yield opened
        _running.clear()


def _write_greeter(folder: Path) -> None:
    """Write a program that builds find in their PATH and this machine lacks."""
    program = folder / GREETER
    program.write_text('#!/bin/sh\necho "hello from $(basename $0)"\n')
    program.chmod(0o755)


@pytest.fixture(scope="session")
def registry(aws: LocalAws) -> Registry:
    return Registry(aws.client("ecr"))


@pytest.fixture(scope="session")
def builds(aws: LocalAws) -> Builds:
    return Builds(aws)


@pytest.fixture
def pipelines(aws: LocalAws, tmp_path: Path) -> Iterator[Pipelines]:
    """A pipeline of the test's own is gone when the test is over, and so is all that runs in it."""
    made = Pipelines(aws, Stack(aws.client("cloudformation")), Monorepo(tmp_path / "monorepo"))
    yield made
    aws.client("cloudformation").delete_stack(StackName=made.stack.name)


@pytest.fixture
def machine_of(aws: LocalAws) -> Callable[[dict[str, Any]], str]:
    """Makes a state machine of these states."""

    def make(states: dict[str, Any]) -> str:
        created = aws.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:8]}",
            definition=json.dumps({"StartAt": next(iter(states)), "States": states}),
            roleArn="arn:aws:iam::000000000000:role/machine",
        )
        return str(created["stateMachineArn"])

    return make


@pytest.fixture
def ecs(aws: LocalAws) -> Iterator[Ecs]:
    """A cluster of the test's own, emptied when the test is over."""
    client, name = aws.client("ecs"), f"cluster-{uuid.uuid4().hex[:8]}"
    client.create_cluster(clusterName=name)
    yield Ecs(client, name)
    for service in client.list_services(cluster=name)["serviceArns"]:
        client.delete_service(cluster=name, service=service, force=True)
    for task in client.list_tasks(cluster=name)["taskArns"]:
        client.stop_task(cluster=name, task=task)


@pytest.fixture
def balanced(aws: LocalAws) -> Balanced:
    ec2, elb, name = aws.client("ec2"), aws.client("elbv2"), uuid.uuid4().hex[:8]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = {"us-west-2a": "10.0.0.0/24", "us-west-2b": "10.0.1.0/24"}
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, block in zones.items()
    ]
    balancer = elb.create_load_balancer(Name=f"lb-{name}", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    blue, green = (
        elb.create_target_group(
            Name=f"{colour}-{name}",
            Protocol="HTTP",
            Port=3000,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath="/",
            HealthCheckIntervalSeconds=10,
            HealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        for colour in ("blue", "green")
    )
    for group in (blue, green):
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
        elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
    production, test = (_rule(elb, balancer, port, blue, green) for port in (80, 9001))
    return Balanced(blue, green, production, test)


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Moves:
    """Every change of a rule's weights, in order."""
    seen: Moves = []
    set_weights = load_balancer.set_weights

    def recorded(rule: str, weights: dict[str, int]) -> None:
        seen.append((rule, dict(weights)))
        set_weights(rule, weights)

    monkeypatch.setattr(load_balancer, "set_weights", recorded)
    return seen


def _rule(elb: Any, balancer: str, port: int, blue: str, green: str) -> str:
    missing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[missing])
    groups = [{"TargetGroupArn": blue, "Weight": 100}, {"TargetGroupArn": green, "Weight": 0}]
    rule = elb.create_rule(
        ListenerArn=listener["Listeners"][0]["ListenerArn"],
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )
    return str(rule["Rules"][0]["RuleArn"])


HookFactory = Callable[[str], str]


@pytest.fixture
def hook(aws: LocalAws) -> HookFactory:
    """Makes a Lambda function with this body; `event` is the event, and what it returns the hook's answer."""

    def make(body: str) -> str:
        name = f"hook-{uuid.uuid4().hex[:8]}"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            lines = "\n".join("    " + line for line in body.splitlines())
            files.writestr("hook.py", f"import json, boto3, urllib.request\n\ndef handler(event, _):\n{lines}\n")
        created = aws.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="hook.handler",
            Role="arn:aws:iam::000000000000:role/hook",
            Code={"ZipFile": archive.getvalue()},
            Timeout=60,
        )
        return str(created["FunctionArn"])

    return make

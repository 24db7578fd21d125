"""The Release, Pipeline, Observability and Access stacks on top of the smallest neighbours; synthesized once."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aws_cdk import App, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from stacks.access import AccessStack
from stacks.observability import ObservabilityStack
from stacks.pipeline import PipelineStack
from stacks.release import ReleaseStack
from stacks.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"


@cache
def settings() -> Settings:
    return load_settings("staging", region="us-west-2")


@cache
def templates() -> dict[str, Template]:
    """By stack: Pipeline, Observability, Access, and AdoptingAccess, which finds GitHub's provider in the account."""
    known, app = settings(), App(context=json.loads((ROOT / "cdk.json").read_text())["context"])
    near = _neighbours(Stack(app, "Base", stack_name="base"))
    registry, platform, data = near["registry"], near["platform"], near["data"]
    release = ReleaseStack(
        app,
        "Release",
        settings=known,
        network=near["network"],
        data=data,
        platform=platform,
        registry=registry,
        stack_name=known.stack_name("release"),
    )
    stacks: dict[str, Stack] = {
        "Pipeline": PipelineStack(app, "Pipeline", settings=known, release=release, registry=registry),
        "Observability": ObservabilityStack(
            app,
            "Observability",
            settings=known,
            platform=platform,
            data=data,
            components={"backend": near["backend"]},
            release=release,
        ),
        "Access": AccessStack(app, "Access", settings=known, release=release),
        "AdoptingAccess": AccessStack(
            app, "AdoptingAccess", settings=known, release=release, github_provider_arn=PROVIDER
        ),
    }
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


def _neighbours(base: Stack) -> dict[str, Any]:
    vpc, key, text = ec2.Vpc(base, "Vpc"), kms.Key(base, "Key"), dynamodb.AttributeType.STRING
    ledger = dynamodb.Table(base, "Ledger", partition_key=dynamodb.Attribute(name="pk", type=text), encryption_key=key)
    balancer = elbv2.ApplicationLoadBalancer(base, "LoadBalancer", vpc=vpc)
    errors = cloudwatch.Metric(namespace="Test", metric_name="Errors")
    return cast(
        dict[str, Any],
        {
            "network": SimpleNamespace(vpc=vpc),
            "data": SimpleNamespace(ledger=ledger, key=key),
            "platform": SimpleNamespace(cluster=ecs.Cluster(base, "Cluster", vpc=vpc), load_balancer=balancer),
            "registry": SimpleNamespace(
                repositories={name: ecr.Repository(base, name) for name in settings().components}
            ),
            "backend": SimpleNamespace(alarms=[errors.create_alarm(base, "Red", threshold=1, evaluation_periods=1)]),
        },
    )


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """What the policies of the role whose logical id begins so allow."""
    return [
        statement
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        if name.startswith(role)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def actions_of(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)

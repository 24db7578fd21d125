"""What the product asks of AWS is answered here as it is there, through the adapters and readings that ask it.

`release diff --change-set` looks, and leaves nothing behind:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

import time
import uuid
from typing import Any

import pytest

from local_aws.elastic_load_balancing import load_balancer
from local_aws.server import LocalAws
from release.review.cdk_diff import TemplatePair, compare
from release.review.changes import Impact
from release.review.deployed import DeployedStacks
from release_aws.service_setup import Rules, Secrets, Setups
from release_engine import preflight, running
from release_engine.preflight import ServiceSetup
from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import (
    BLUE_GREEN,
    LONG_BAKE,
    Balanced,
    Ecs,
    reaches,
    released,
    update,
    wait_for,
)


def found(ecs: Ecs, name: str) -> ServiceSetup:
    (setup,) = Setups(ecs.client).find(ecs.cluster, [name])
    return setup


def test_f15_after_each_deployment_users_are_where_the_tasks_are(
    aws: LocalAws, registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    rules = Rules(aws.client("elbv2"))
    name = released(registry, ecs, balanced, BLUE_GREEN)
    for group in (balanced.blue, balanced.green):
        setup = wait_for(lambda: found(ecs, name), lambda seen: seen.serving is not None)
        assert (setup.rule, setup.serving, setup.under_way) == (balanced.production, group, None)
        assert running.traffic_problems(rules.traffic([setup])) == []
        if group == balanced.blue:
            update(ecs, name, registry.server("two"))
            ecs.settled(name)
    load_balancer.set_weights(balanced.production, {balanced.blue: 100, balanced.green: 0})
    assert "but the tasks are in green" in running.traffic_problems(rules.traffic([found(ecs, name)]))[0]


def test_a_deployment_that_bakes_is_under_way(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = released(registry, ecs, balanced, LONG_BAKE)
    update(ecs, name, registry.server("two"))
    reaches(ecs, name, "BAKE_TIME")
    setup = found(ecs, name)
    assert (setup.under_way, setup.serving) == ("IN_PROGRESS", None)
    assert preflight.setup_problems(name, setup.replacement, 30) == []


def test_a_deleted_secret_of_a_task_is_found(aws: LocalAws, registry: Registry, ecs: Ecs) -> None:
    client, name = aws.client("secretsmanager"), f"secret-{uuid.uuid4().hex[:8]}"
    arn = client.create_secret(Name=name, SecretString='{"username": "exchange"}')["ARN"]
    reference = f"{arn}:username::"
    definition = ecs.define(registry.server("one"), secrets=[{"name": "LOGIN", "valueFrom": reference}])
    assert Setups(ecs.client).secrets([ServiceSetup(name, definition, preflight.Replacement())]) == [reference]
    secrets = Secrets(client)
    assert preflight.secret_problems(secrets.known([reference])) == []
    client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    assert preflight.secret_problems(secrets.known([reference])) == [f"secret {arn} is scheduled for deletion"]
    missing = f"{arn[:-6]}AAAAAA"
    assert "cannot be resolved: ResourceNotFoundException" in preflight.secret_problems(secrets.known([missing]))[0]


def _template(display: str) -> dict[str, Any]:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display}}
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    }
    return {"Resources": {"Topic": topic, "Table": table}}


@pytest.fixture
def stack(aws: LocalAws) -> Stack:
    made = Stack(aws.client("cloudformation"))
    made.create(_template("before")["Resources"])
    return made


def test_a_change_set_tells_what_would_change_and_changes_nothing(stack: Stack) -> None:
    deployed = DeployedStacks(stack.client, time.sleep)
    before = deployed.template(stack.name)
    assert before is not None
    assert before["Resources"] == _template("before")["Resources"]
    told = deployed.change_set(stack.name, _template("after"))
    assert [change["ResourceChange"]["LogicalResourceId"] for change in told["Changes"]] == ["Topic"]
    assert stack.client.list_change_sets(StackName=stack.name)["Summaries"] == []
    assert deployed.template(stack.name) == before
    (found,) = compare([TemplatePair(stack.name, before, _template("after"), told)])
    assert [(change.logical_id, change.impact) for change in found.changes] == [("Topic", Impact.UPDATE)]


def test_a_stack_that_is_not_deployed_has_no_template(aws: LocalAws) -> None:
    assert DeployedStacks(aws.client("cloudformation"), time.sleep).template("nowhere") is None

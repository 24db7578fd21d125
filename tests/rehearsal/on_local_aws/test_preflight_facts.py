"""What preflight asks of AWS is answered here as it is there, through the adapters that ask it."""

import uuid

from local_aws.elastic_load_balancing import load_balancer
from local_aws.server import LocalAws
from release_aws.ecs_setup import Setups
from release_aws.elbv2 import Rules
from release_aws.secretsmanager import Secrets
from release_engine import secret, service_setup, traffic
from release_engine.service_setup import ServiceSetup
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_deployments import BLUE_GREEN, LONG_BAKE, reaches, released, update
from tests.local_aws.ecs.sample_services import Balanced, Ecs, wait_for


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
        assert traffic.problems(rules.traffic([setup])) == []
        if group == balanced.blue:
            update(ecs, name, registry.server("two"))
            ecs.settled(name)
    load_balancer.set_weights(balanced.production, {balanced.blue: 100, balanced.green: 0})
    assert "but the tasks are in green" in traffic.problems(rules.traffic([found(ecs, name)]))[0]


def test_a_deployment_that_bakes_is_under_way(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = released(registry, ecs, balanced, LONG_BAKE)
    update(ecs, name, registry.server("two"))
    reaches(ecs, name, "BAKE_TIME")
    setup = found(ecs, name)
    assert (setup.under_way, setup.serving) == ("IN_PROGRESS", None)
    assert service_setup.problems(name, setup.replacement, 30) == []


def test_a_deleted_secret_of_a_task_is_found(aws: LocalAws, registry: Registry, ecs: Ecs) -> None:
    client, name = aws.client("secretsmanager"), f"secret-{uuid.uuid4().hex[:8]}"
    arn = client.create_secret(Name=name, SecretString='{"username": "exchange"}')["ARN"]
    reference = f"{arn}:username::"
    definition = ecs.define(registry.server("one"), secrets=[{"name": "LOGIN", "valueFrom": reference}])
    assert Setups(ecs.client).secrets([ServiceSetup(name, definition, service_setup.Replacement())]) == [reference]
    secrets = Secrets(client)
    assert secret.problems(secrets.known([reference])) == []
    client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    assert secret.problems(secrets.known([reference])) == [f"secret {arn} is scheduled for deletion"]
    missing = f"{arn[:-6]}AAAAAA"
    assert "cannot be resolved: ResourceNotFoundException" in secret.problems(secrets.known([missing]))[0]

"""Who may talk to whom: what the architecture draws, and nothing else."""

import pytest

from tests.infra.exchange import ENVIRONMENTS, exchange
from tests.infra.flows import ANYONE, Flow, flows_in, flows_out, groups, owners

BACKEND = tuple(f"exchange-backend-{name}" for name in ("web", "sidekiq", "kafka-consumer", "clockwork"))
CLIENT, ENGINE = "exchange-client-web", "exchange-engine-app"
HTTPS = 443
# environment -> Kafka's name here and its port, what only this environment has
KAFKA = {"staging": ("exchange-kafka", 9092), "prod2": ("kafka", 9094)}
USERS = {"staging": {80}, "prod2": {80, HTTPS}}
FILES = {"staging": {Flow("exchange-kafka", "files", 2049)}, "prod2": set()}


def between(environment: str) -> set[Flow]:
    """What talks to what in the environment: both ends are let."""
    kafka, port = KAFKA[environment]
    data = [("database", 5432), ("cache", 6380), (kafka, port)]
    return {
        *(Flow(name, target, on) for name in BACKEND for target, on in data),
        Flow(ENGINE, kafka, port),
        Flow(CLIENT, "exchange-backend-web", 3000),
        Flow("load balancer", "exchange-backend-web", 3000),
        Flow("load balancer", CLIENT, 3000),
        *FILES[environment],
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_is_let_in_where_the_architecture_says_so_and_nowhere_else(environment: str) -> None:
    gate = {Flow("gate", "exchange-backend-web", 3000), Flow("gate", CLIENT, 3000), Flow("gate", ENGINE, 8080)}
    users = {Flow(ANYONE, "load balancer", port) for port in USERS[environment]}
    assert flows_in(exchange(environment)) == between(environment) | gate | users


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_task_reaches_its_peers_and_https_and_nothing_else(environment: str) -> None:
    broker = {"exchange-kafka"} if environment == "staging" else set()
    apis = {Flow(name, ANYONE, HTTPS) for name in {*BACKEND, CLIENT, ENGINE, *broker}}
    found = {flow for flow in flows_out(exchange(environment)) if flow.source != "gate"}
    assert found == between(environment) | apis


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_client_reaches_the_backends_web_and_none_of_its_data(environment: str) -> None:
    reached = {flow.target for flow in flows_out(exchange(environment)) if flow.source == CLIENT}
    assert reached == {"exchange-backend-web", ANYONE}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_group_is_left_with_the_way_out_that_ec2_opens_by_default(environment: str) -> None:
    """A group without a rule of its own in its own resource may send anything anywhere.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
    """
    known = exchange(environment)
    names = owners(known)
    assert [names[group] for group, one in groups(known).items() if "SecurityGroupEgress" not in one] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_group_is_worn_by_somebody(environment: str) -> None:
    assert set(groups(exchange(environment))) == set(owners(exchange(environment)))

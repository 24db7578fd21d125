"""What the two environments of this project do not use, but others may: Kafka of somebody else, testers, endpoints."""

from dataclasses import replace
from functools import cache
from typing import Any

from aws_cdk import App, Environment
from aws_cdk.assertions import Template

from settings.environment import ExternalKafka
from settings.loading import Settings
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from tests.infra.exchange import CONTEXT, exchange

BROKERS = ["kafka-1.example.com:9098", "kafka-2.example.com:9098"]


def settings() -> Settings:
    known = exchange("staging").settings
    network = known.network.model_copy(
        update={"test_cidrs": ["10.99.0.0/16"], "interface_endpoints": ["ecr.api", "logs"]}
    )
    return replace(known, network=network, kafka=ExternalKafka(mode="external", bootstrap_brokers=BROKERS))


@cache
def stacks() -> tuple[NetworkStack, PlatformStack, DataStack]:
    """The ground, without components."""
    app = App(context=CONTEXT)
    place: dict[str, Any] = {"settings": settings(), "env": Environment(region="us-west-2")}
    network = NetworkStack(app, "Network", **place)
    platform = PlatformStack(app, "Platform", network=network, **place)
    registry = RegistryStack(app, "Registry", **place)
    return network, platform, DataStack(app, "Data", network=network, platform=platform, registry=registry, **place)


def test_components_begin_with_the_brokers_that_somebody_else_runs() -> None:
    _, _, data = stacks()
    assert data.brokers == ",".join(BROKERS)


def test_the_brokers_that_somebody_else_runs_are_reached_on_their_port_only() -> None:
    _, _, data = stacks()
    (peer,) = data.kafka_peers
    assert peer.port.to_string() == "9098"


def test_no_broker_is_made_where_somebody_else_runs_them() -> None:
    _, _, data = stacks()
    found = Template.from_stack(data)
    for kind in ("AWS::MSK::Cluster", "AWS::ECS::Service", "AWS::EFS::FileSystem"):
        found.resource_count_is(kind, 0)


def test_the_test_listener_is_open_to_the_testers_of_the_settings_alone() -> None:
    _, platform, _ = stacks()
    (group,) = Template.from_stack(platform).find_resources("AWS::EC2::SecurityGroup").values()
    rules = group["Properties"]["SecurityGroupIngress"]
    assert [rule["CidrIp"] for rule in rules if rule["FromPort"] == 9443] == ["10.99.0.0/16"]


def test_apis_are_reached_inside_the_network_where_the_settings_say_so() -> None:
    network, _, _ = stacks()
    found = Template.from_stack(network).find_resources(
        "AWS::EC2::VPCEndpoint", {"Properties": {"VpcEndpointType": "Interface"}}
    )
    names = [one["Properties"]["ServiceName"] for one in found.values()]
    assert names == ["com.amazonaws.us-west-2.ecr.api", "com.amazonaws.us-west-2.logs"]
    assert all(one["Properties"]["PrivateDnsEnabled"] for one in found.values())

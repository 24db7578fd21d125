"""The Network stack, and who may talk to whom: what the architecture draws, read from the security groups."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from aws_cdk.assertions import Match

from tests.infra.exchange import COMPONENTS, ENVIRONMENTS, Exchange, Json, exchange, listed, template

Group = tuple[str, str]  # stack, logical id
ANYONE = "anyone"
_FROM_USERS = {  # resource -> where it names its groups
    "RDS::DBInstance": ("database", ("VPCSecurityGroups",)),
    "ElastiCache::ReplicationGroup": ("cache", ("SecurityGroupIds",)),
    "MSK::Cluster": ("kafka", ("BrokerNodeGroupInfo", "SecurityGroups")),
    "EFS::MountTarget": ("files", ("SecurityGroups",)),
    "ElasticLoadBalancingV2::LoadBalancer": ("load balancer", ("SecurityGroups",)),
    "Lambda::Function": ("gate", ("VpcConfig", "SecurityGroupIds")),
    "ECS::Service": ("", ("NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups")),
}


class Flow(NamedTuple):
    source: str
    target: str
    port: int


def flows_in(known: Exchange) -> set[Flow]:
    """Return the flows that security groups let in."""
    return set(_flows(known, "Ingress", "SourceSecurityGroupId", inward=True))


def flows_out(known: Exchange) -> set[Flow]:
    """Return the flows that security groups let out."""
    return set(_flows(known, "Egress", "DestinationSecurityGroupId", inward=False))


def groups(known: Exchange) -> dict[Group, Json]:
    """Return the properties of every security group."""
    return {
        (stack, id_): resource["Properties"]
        for stack in known.templates
        for id_, resource in known.resources(stack, "EC2::SecurityGroup").items()
    }


def owners(known: Exchange) -> dict[Group, str]:
    """Return whose group each is: a service by its name, everything else by what it is."""
    return {
        group: name or str(resource["ServiceName"])
        for stack in known.templates
        for kind, (name, path) in _FROM_USERS.items()
        for resource in known.properties(stack, kind)
        for group in _worn(known, stack, resource, path)
    }


def _worn(known: Exchange, stack: str, user: Json, path: tuple[str, ...]) -> Iterator[Group]:
    value: Any = user
    for step in path:
        value = value.get(step, {})
    return (_group(known, stack, reference) for reference in value or ())


def _flows(known: Exchange, direction: str, peer: str, *, inward: bool) -> Iterator[Flow]:
    names = owners(known)
    for own, other, port in _rules(known, direction, peer):
        mine, theirs = names[own], names[other] if other else ANYONE
        yield Flow(theirs, mine, port) if inward else Flow(mine, theirs, port)


def _rules(known: Exchange, direction: str, peer: str) -> Iterator[tuple[Group, Group | None, int]]:
    """Yield each rule as its group, the other group (None: any address), and the port."""
    for group, properties in groups(known).items():
        for rule in properties.get(f"SecurityGroup{direction}", ()):
            if rule["IpProtocol"] != "icmp":  # CDK's direction to write "nothing"
                yield group, None, int(rule.get("FromPort", 0))
    for stack in (*COMPONENTS, "data"):
        for rule in known.properties(stack, f"EC2::SecurityGroup{direction}"):
            other = _group(known, stack, rule[peer]) if peer in rule else None
            yield _group(known, stack, rule["GroupId"]), other, int(rule["FromPort"])


def _group(known: Exchange, stack: str, value: Json) -> Group:
    """Return the group that a reference means, in whichever stack it is."""
    if output := value.get("Fn::GetStackOutput"):
        there = output["StackName"].removeprefix(known.settings.stack_name(""))
        return _group(known, there, known.templates[there]["Outputs"][output["OutputName"]]["Value"])
    (id_, _) = listed(value["Fn::GetAtt"])
    return stack, id_


TIERS = ("public", "private", "data")


def subnets(environment: str, tier: str) -> dict[str, Json]:
    """Return the properties of a tier's subnets by logical id."""
    of_all_tiers = exchange(environment).resources("network", "EC2::Subnet").items()
    tag = {"Key": "aws-cdk:subnet-name", "Value": tier}
    return {id_: subnet["Properties"] for id_, subnet in of_all_tiers if tag in subnet["Properties"]["Tags"]}


def routes(environment: str, tier: str) -> list[Json]:
    """Return the routes that lead out of a tier's subnets."""
    known, of_tier = exchange(environment), subnets(environment, tier)
    associated = known.properties("network", "EC2::SubnetRouteTableAssociation")
    tables = [link["RouteTableId"] for link in associated if link["SubnetId"]["Ref"] in of_tier]
    return [route for route in known.properties("network", "EC2::Route") if route["RouteTableId"] in tables]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_network_is_the_one_of_the_settings(environment: str) -> None:
    assert exchange(environment).only("network", "EC2::VPC")["CidrBlock"] == exchange(environment).settings.network.cidr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("tier", TIERS)
def test_each_tier_has_a_subnet_in_each_zone(environment: str, tier: str) -> None:
    zones = [resource["AvailabilityZone"] for resource in subnets(environment, tier).values()]
    assert sorted(zones) == sorted(exchange(environment).settings.availability_zones)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_gets_a_public_address_by_being_started(environment: str) -> None:
    template(environment, "network").all_resources_properties("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": False})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_there_are_as_many_nat_gateways_as_the_settings_say(environment: str) -> None:
    gateways = exchange(environment).properties("network", "EC2::NatGateway")
    assert len(gateways) == exchange(environment).settings.network.nat_gateways


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_tasks_get_out_but_nobody_gets_in_to_them(environment: str) -> None:
    ways = routes(environment, "private")
    assert len(ways) == len(exchange(environment).settings.availability_zones)
    assert all("NatGatewayId" in route and "GatewayId" not in route for route in ways)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_data_has_no_way_out(environment: str) -> None:
    assert routes(environment, "public"), "routes are found"
    assert routes(environment, "data") == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("service", ["s3", "dynamodb"])
def test_images_snapshots_and_the_ledger_are_reached_without_the_nat(environment: str, service: str) -> None:
    template(environment, "network").has_resource_properties(
        "AWS::EC2::VPCEndpoint",
        {
            "VpcEndpointType": "Gateway",
            "ServiceName": {"Fn::Join": ["", ["com.amazonaws.", {"Ref": "AWS::Region"}, f".{service}"]]},
            "RouteTableIds": Match.any_value(),
        },
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_all_traffic_is_logged_as_long_as_any_log_is_kept(environment: str) -> None:
    known = exchange(environment)
    flow = known.only("network", "EC2::FlowLog")
    assert (flow["TrafficType"], flow["ResourceType"]) == ("ALL", "VPC")
    group = known.resources("network", "Logs::LogGroup")[flow["LogGroupName"]["Ref"]]["Properties"]
    assert group["RetentionInDays"] == known.settings.logs.retention_days


BACKEND = tuple(f"exchange-backend-{name}" for name in ("web", "sidekiq", "kafka-consumer", "clockwork"))
CLIENT, ENGINE = "exchange-client-web", "exchange-engine-app"
HTTPS = 443
# environment -> Kafka's name here and its port, what only this environment has
KAFKA = {"staging": ("exchange-kafka", 9092), "prod2": ("kafka", 9094)}
USERS = {"staging": {80}, "prod2": {80, HTTPS}}
FILES = {"staging": {Flow("exchange-kafka", "files", 2049)}, "prod2": set()}


def between(environment: str) -> set[Flow]:
    """Return the flows that both ends must allow."""
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
    flows = {flow for flow in flows_out(exchange(environment)) if flow.source != "gate"}
    assert flows == between(environment) | apis


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
    assert [
        names[group] for group, properties in groups(known).items() if "SecurityGroupEgress" not in properties
    ] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_group_is_worn_by_somebody(environment: str) -> None:
    assert set(groups(exchange(environment))) == set(owners(exchange(environment)))

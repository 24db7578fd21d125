"""The Network stack: who can reach whom at all."""

import pytest
from aws_cdk.assertions import Match

from tests.infra.exchange import ENVIRONMENTS, Json, exchange, template

TIERS = ("public", "private", "data")


def subnets(environment: str, tier: str) -> dict[str, Json]:
    """Those of a tier, by logical id."""
    every = exchange(environment).resources("network", "EC2::Subnet").items()
    tag = {"Key": "aws-cdk:subnet-name", "Value": tier}
    return {id_: one["Properties"] for id_, one in every if tag in one["Properties"]["Tags"]}


def routes(environment: str, tier: str) -> list[Json]:
    """Those that lead out of a tier's subnets."""
    known, of_tier = exchange(environment), subnets(environment, tier)
    associated = known.properties("network", "EC2::SubnetRouteTableAssociation")
    tables = [one["RouteTableId"] for one in associated if one["SubnetId"]["Ref"] in of_tier]
    return [one for one in known.properties("network", "EC2::Route") if one["RouteTableId"] in tables]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_network_is_the_one_of_the_settings(environment: str) -> None:
    assert exchange(environment).only("network", "EC2::VPC")["CidrBlock"] == exchange(environment).settings.network.cidr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("tier", TIERS)
def test_each_tier_has_a_subnet_in_each_zone(environment: str, tier: str) -> None:
    zones = [one["AvailabilityZone"] for one in subnets(environment, tier).values()]
    assert sorted(zones) == sorted(exchange(environment).settings.availability_zones)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_gets_a_public_address_by_being_started(environment: str) -> None:
    template(environment, "network").all_resources_properties("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": False})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_there_are_as_many_nat_gateways_as_the_settings_say(environment: str) -> None:
    found = exchange(environment).properties("network", "EC2::NatGateway")
    assert len(found) == exchange(environment).settings.network.nat_gateways


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_tasks_get_out_but_nobody_gets_in_to_them(environment: str) -> None:
    ways = routes(environment, "private")
    assert len(ways) == len(exchange(environment).settings.availability_zones)
    assert all("NatGatewayId" in way and "GatewayId" not in way for way in ways)


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

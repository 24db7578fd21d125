"""What is billed, by what the template says."""

from typing import Any

import pytest

from release.review.cost import BilledUnit, units_of
from tests.unit.review.templates import changed, resource, service, task, template

NODES = {"InstanceType": "kafka.m7g.large", "StorageInfo": {"EBSStorageInfo": {"VolumeSize": 500}}}
REFERENCE = {"Ref": "Somewhere"}


@pytest.mark.parametrize(
    ("kind", "properties", "units"),
    [
        (
            "ElastiCache::ReplicationGroup",
            {"CacheNodeType": "cache.t4g.small", "Engine": "redis", "NumCacheClusters": 3},
            [BilledUnit("cache_redis_t4g_small_hour", 3)],
        ),
        (
            "ElastiCache::ReplicationGroup",
            {"CacheNodeType": "cache.t4g.small", "NumNodeGroups": 2, "ReplicasPerNodeGroup": 1},
            [BilledUnit("cache_redis_t4g_small_hour", 4)],
        ),
        (
            "MSK::Cluster",
            {"NumberOfBrokerNodes": 3, "BrokerNodeGroupInfo": NODES},
            [BilledUnit("broker_m7g_large_hour", 3), BilledUnit("broker_gb_month", 1500)],
        ),
        ("EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"}, []),
        (
            "EC2::VPCEndpoint",
            {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]},
            [BilledUnit("interface_endpoint_zone_hour", 2)],
        ),
        ("WAFv2::WebACL", {"Rules": [{}, {}]}, [BilledUnit("firewall_month", 1), BilledUnit("firewall_rule_month", 2)]),
        ("EC2::NatGateway", {}, [BilledUnit("nat_gateway_hour", 1)]),
        ("IAM::Role", {}, []),
        ("S3::Bucket", {}, None),
        ("RDS::DBInstance", {"AllocatedStorage": REFERENCE}, None),
    ],
)
def test_a_resource_is_billed_by_what_its_template_tells(
    kind: str, properties: dict[str, Any], units: list[BilledUnit] | None
) -> None:
    found = units_of("One", {"One": resource(kind, **properties)})
    assert (None if found is None else list(found)) == units


SERVICE = template(Task=task(1024, 2048, EphemeralStorage={"SizeInGiB": 50}), Web=service("Task", name="web"))


def test_a_service_without_autoscaling_is_billed_for_one_task_or_as_many_as_are_wanted() -> None:
    one = [
        BilledUnit("fargate_arm64_vcpu_hour", 1),
        BilledUnit("fargate_arm64_gb_hour", 2),
        BilledUnit("fargate_storage_gb_hour", 30),
    ]
    assert units_of("Web", SERVICE["Resources"]) == one
    three = changed(SERVICE, "Web", DesiredCount=3)["Resources"]
    assert units_of("Web", three) == [BilledUnit(unit.price, unit.count * 3) for unit in one]


@pytest.mark.parametrize("properties", [{"LaunchType": "EC2"}, {"TaskDefinition": "arn"}, {"DesiredCount": REFERENCE}])
def test_a_service_whose_size_no_template_tells_has_no_price(properties: dict[str, Any]) -> None:
    assert units_of("Web", changed(SERVICE, "Web", **properties)["Resources"]) is None

"""What a change costs: the services that it restarts, the minutes of deploying it, and the money by list prices.

What is in the table of prices is reckoned by what a template says; what is not is said.
"""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import release.review
from release.review.changes import Change, Impact, PropertyChange, Risk, StackChange
from release.review.cost import BilledUnit, list_prices, units_of
from release.review.restarts import Restart, declared_wait, restarts_of
from tests.unit.review.conftest import Reviewed
from tests.unit.review.scene import changed, resource, service, task, template


def test_a_larger_task_restarts_its_service_and_is_no_risk_where_tasks_overlap(reviewed: Reviewed) -> None:
    found = reviewed("task size")
    (restart,) = found.restarts
    assert (restart.component, restart.service) == ("backend", "exchange-backend-web")
    assert restart.why == "its task definition changes: Cpu, Memory"
    assert found.risk is Risk.NONE


def test_services_restart_in_the_order_of_the_chain_after_what_they_stand_on(reviewed: Reviewed) -> None:
    names = [one.service for one in reviewed("three services").restarts]
    assert names == ["exchange-kafka", "exchange-backend-web", "exchange-engine-app"]


def test_f23_a_service_that_must_never_run_twice_stands_still_and_needs_a_look(reviewed: Reviewed) -> None:
    found = reviewed("three services")
    still = [one.subject for one in found.findings if one.topic == "restarts"]
    assert still == ["exchange-data/Kafka", "exchange-engine/App"]


def test_more_tasks_restart_nothing(reviewed: Reviewed) -> None:
    assert not reviewed("more tasks").restarts


def test_bake_times_and_the_stopping_of_a_single_task_are_declared_minutes(reviewed: Reviewed) -> None:
    assert reviewed("task size").minutes.declared == 3
    assert reviewed("three services").minutes.declared == 3 + 2 + 2


def _restart(stops_first: bool = False, **deployment: Any) -> Restart:
    made = service("Task", name="s", **deployment)
    return Restart("backend", "s", "backend/s", "why", stops_first, made, task(stop=90))


def test_every_step_of_a_shift_is_waited_for() -> None:
    canary = _restart(BakeTimeInMinutes=3, CanaryConfiguration={"CanaryBakeTimeInMinutes": 10})
    linear = _restart(BakeTimeInMinutes=1, LinearConfiguration={"StepPercent": 25, "StepBakeTimeInMinutes": 2})
    assert (declared_wait(canary), declared_wait(linear)) == (13, 1 + 3 * 2)
    assert declared_wait(_restart(stops_first=True)) == 1.5


def _service_changes(impact: Impact, *names: str) -> StackChange:
    template = {"Resources": {"Task": task(), "Web": service("Task", name="web")}}
    properties = tuple(PropertyChange(name, Impact.UPDATE) for name in names)
    change = Change("backend", "Web", "AWS::ECS::Service", impact, False, properties, (), None, None)
    return StackChange("backend", template, template, (change,))


@pytest.mark.parametrize(
    ("impact", "names", "why"),
    [
        (Impact.UPDATE, ("NetworkConfiguration", "Tags"), "the service's NetworkConfiguration changes"),
        (Impact.REPLACE, ("ServiceName",), "the service itself is replaced"),
        (Impact.UPDATE, ("DeploymentConfiguration", "PropagateTags"), None),
    ],
)
def test_only_what_makes_ecs_deploy_anew_restarts_a_service(
    impact: Impact, names: tuple[str, ...], why: str | None
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"""
    found = restarts_of([_service_changes(impact, *names)], {})
    assert [one.why for one in found] == ([why] if why else [])


TABLE = Path(next(iter(release.review.__path__)), "prices.toml")
VCPU, GB = 0.04 * 100, 0.01 * 100  # dollars a month, with the hours of the tests' table


def test_a_larger_task_costs_more_for_each_task_that_autoscaling_keeps(reviewed: Reviewed) -> None:
    (line,) = reviewed("task size").cost.lines
    assert line.before == pytest.approx(2 * (0.5 * VCPU + 1 * GB))
    assert line.after == pytest.approx(2 * (1 * VCPU + 2 * GB))


def test_a_higher_floor_costs_another_task(reviewed: Reviewed) -> None:
    assert reviewed("more tasks").cost.difference == pytest.approx(0.5 * VCPU + 1 * GB)


def test_a_standby_costs_what_its_primary_costs_storage_included(reviewed: Reviewed) -> None:
    cost = reviewed("database gets a standby").cost
    assert cost.difference == pytest.approx(0.1 * 100 + 50 * 0.2)
    assert cost.elsewhere == ("database_postgres_t4g_medium_hour: us-east-1",)


@pytest.mark.parametrize("case", ["database renamed", "database moved to another port"])
def test_what_a_policy_keeps_is_billed_on(reviewed: Reviewed, case: str) -> None:
    assert reviewed(case).cost.difference == pytest.approx(0.1 * 100 + 50 * 0.2)


def test_a_stack_that_is_left_where_it_is_saves_nothing(reviewed: Reviewed) -> None:
    assert reviewed("stack removed").cost.lines == ()


def test_what_has_no_price_is_named_and_not_taken_for_free(reviewed: Reviewed) -> None:
    added = reviewed("stack added").cost
    assert added.difference == 1.0
    assert [one.split(":")[0] for one in added.not_priced] == ["added/Bucket"]
    (unknown,) = reviewed("alarm goes").cost.not_priced
    assert unknown == "silent/Alarm: no price of alarm_month in the table"


def test_every_price_says_where_it_holds_and_where_aws_publishes_it() -> None:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    assert isinstance(table.pop("checked"), date)
    assert table.pop("hours") == list_prices().hours == 730
    assert set(table) == set(list_prices().prices)
    for name, price in table.items():
        assert set(price) == {"usd", "region", "page", "seen"}, name
        assert price["page"].startswith("https://aws.amazon.com/"), name
        assert 0 < price["usd"] < 100, name


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

"""How each service is replaced, scaled and watched: the tables of the design."""

import json
import re
from typing import Any, NamedTuple

import pytest

from tests.infra.exchange import COMPONENTS, ENVIRONMENTS, SERVICES, Json, exchange

RELEASED = {
    "AWS::ECS::TaskDefinition",
    "AWS::ECS::Service",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
}
DIGEST = f"sha256:{'0123456789abcdef' * 4}"


class Replacement(NamedTuple):
    """How a service is replaced, and between which percentages of its count the number of its tasks stays."""

    strategy: str
    minimum: int
    maximum: int


DESIGN = {
    "exchange-backend-web": Replacement("BLUE_GREEN", 100, 200),
    "exchange-backend-sidekiq": Replacement("ROLLING", 100, 200),
    "exchange-backend-kafka-consumer": Replacement("ROLLING", 100, 200),
    "exchange-backend-clockwork": Replacement("ROLLING", 0, 100),
    "exchange-client-web": Replacement("CANARY", 100, 200),
    "exchange-engine-app": Replacement("ROLLING", 0, 100),
}
ROLLING = [name for name, replacement in DESIGN.items() if replacement.strategy == "ROLLING"]
WEB = [name for name, replacement in DESIGN.items() if replacement.strategy != "ROLLING"]
SINGLE = [name for name, replacement in DESIGN.items() if replacement.maximum == 100]
everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)
each_service = pytest.mark.parametrize(("environment", "component", "service"), SERVICES)


def deployment(environment: str, name: str) -> Json:
    configuration: Json = exchange(environment).ecs_service(name)["DeploymentConfiguration"]
    return configuration


def settings_of(environment: str, name: str) -> Any:
    return next(service for _, service in exchange(environment).services() if service.name == name)


@everywhere
@pytest.mark.parametrize("name", DESIGN)
def test_each_service_is_replaced_as_the_design_says(environment: str, name: str) -> None:
    configuration = deployment(environment, name)
    strategy = configuration.get("Strategy", "ROLLING")  # what ECS does when it is told nothing
    assert (
        Replacement(strategy, configuration["MinimumHealthyPercent"], configuration["MaximumPercent"]) == DESIGN[name]
    )


@everywhere
def test_the_design_knows_every_service_that_people_know(environment: str) -> None:
    assert {service.name for _, service in exchange(environment).services()} == set(DESIGN)


@everywhere
@pytest.mark.parametrize("name", SINGLE)
def test_f23_what_there_must_be_one_of_is_never_spread_anew_nor_scaled(environment: str, name: str) -> None:
    assert exchange(environment).ecs_service(name)["AvailabilityZoneRebalancing"] == "DISABLED"
    assert scaling(environment, name) == []


@everywhere
@pytest.mark.parametrize("name", WEB)
def test_the_former_fleet_is_kept_for_the_bake_of_the_settings(environment: str, name: str) -> None:
    """Unset it may mean 36 hours."""
    bake = settings_of(environment, name).shift_bake_minutes
    assert deployment(environment, name)["BakeTimeInMinutes"] == bake > 0


@everywhere
def test_a_tenth_of_the_clients_users_meet_a_new_version_first(environment: str) -> None:
    known = settings_of(environment, "exchange-client-web")
    canary = deployment(environment, known.name)["CanaryConfiguration"]
    assert canary == {"CanaryPercent": 10, "CanaryBakeTimeInMinutes": known.canary_minutes}


@everywhere
@pytest.mark.parametrize("name", ROLLING)
def test_f2_f3_three_crashes_undo_a_rolling_deployment_whatever_else_is_healthy(environment: str, name: str) -> None:
    assert deployment(environment, name)["DeploymentCircuitBreaker"] == {
        "Enable": True,
        "Rollback": True,
        "ResetOnHealthyTask": False,
        "ThresholdConfiguration": {"Type": "COUNT", "Value": 3},
    }


@everywhere
@pytest.mark.parametrize("name", WEB)
def test_no_breaker_where_ecs_has_none(environment: str, name: str) -> None:
    """It is documented for rolling deployments only, and synth would not say so."""
    assert "DeploymentCircuitBreaker" not in deployment(environment, name)


@everywhere
@pytest.mark.parametrize("name", WEB)
def test_f12_the_gate_is_asked_before_users_see_a_new_version(environment: str, name: str) -> None:
    (hook,) = deployment(environment, name)["LifecycleHooks"]
    again = ["PRE_PRODUCTION_TRAFFIC_SHIFT"] if deployment(environment, name)["Strategy"] == "CANARY" else []
    assert hook["LifecycleStages"] == ["POST_TEST_TRAFFIC_SHIFT", *again]
    assert hook["HookTargetArn"]["Fn::GetStackOutput"]["StackName"] == f"exchange-{environment}-release"
    assert hook["TimeoutConfiguration"]["Action"] == "ROLLBACK"
    assert 0 < hook["TimeoutConfiguration"]["TimeoutInMinutes"] <= 60


@everywhere
@pytest.mark.parametrize("name", ROLLING)
def test_no_hook_where_ecs_would_never_call_it(environment: str, name: str) -> None:
    assert "LifecycleHooks" not in deployment(environment, name)


@everywhere
@pytest.mark.parametrize("name", WEB)
def test_an_alarm_of_what_users_see_undoes_the_deployment(environment: str, name: str) -> None:
    alarms = deployment(environment, name)["Alarms"]
    assert (alarms["Enable"], alarms["Rollback"]) == (True, True)
    component = name.split("-")[1]
    known = exchange(environment).resources(component, "CloudWatch::Alarm")
    names = [known[alarm["Ref"]]["Properties"]["AlarmName"] for alarm in alarms["AlarmNames"]]
    prefix = f"exchange-{environment}-{component}-{name}"
    assert names == [f"{prefix}-5xx", f"{prefix}-slow", f"{prefix}-unhealthy"]


@everywhere
def test_f16_ecs_alone_controls_the_deployments(environment: str) -> None:
    controllers = [
        service.get("DeploymentController", {"Type": "ECS"})["Type"]
        for stack in (*COMPONENTS, "data")
        for service in exchange(environment).properties(stack, "ECS::Service")
    ]
    assert set(controllers) == {"ECS"}


@everywhere
def test_f6_no_deployment_resets_a_count(environment: str) -> None:
    services = [
        service
        for stack in (*COMPONENTS, "data")
        for service in exchange(environment).properties(stack, "ECS::Service")
    ]
    assert len(services) >= len(DESIGN)
    assert not [service["ServiceName"] for service in services if "DesiredCount" in service]


@each_service
def test_f6_what_scales_does_so_between_the_numbers_of_the_settings(
    environment: str, component: str, service: str
) -> None:
    known = exchange(environment).settings
    size, name = known.task(component, service), known.components[component].services[service].name
    limits = [(target["MinCapacity"], target["MaxCapacity"]) for target in scaling(environment, name)]
    assert limits == ([] if size.min is None else [(size.min, size.max)])


@everywhere
@pytest.mark.parametrize("component", COMPONENTS)
def test_what_the_first_release_brings_to_life_is_conditional_and_nothing_else_is(
    environment: str, component: str
) -> None:
    template = exchange(environment).templates[component]
    resources = template["Resources"].values()
    assert {resource["Type"] for resource in resources if resource.get("Condition") is None} & RELEASED == set()
    assert {resource["Type"] for resource in resources if "Condition" in resource} <= RELEASED
    (condition,) = {resource["Condition"] for resource in resources if "Condition" in resource}
    assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ImageDigest"}, ""]}]}


@everywhere
@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize(
    ("value", "taken"),
    [(DIGEST, True), ("", True), ("latest", False), ("v1.2.3", False), ("sha256:abc", False), (f"{DIGEST}0", False)],
)
def test_f7_a_stack_takes_a_digest_or_nothing_yet_never_a_tag(
    environment: str, component: str, value: str, taken: bool
) -> None:
    parameter = exchange(environment).templates[component]["Parameters"]["ImageDigest"]
    assert parameter["Default"] == ""
    assert bool(re.fullmatch(parameter["AllowedPattern"], value)) is taken


@everywhere
@pytest.mark.parametrize("component", COMPONENTS)
def test_the_gates_find_a_components_alarms_by_the_beginning_of_their_names(environment: str, component: str) -> None:
    names = [alarm["AlarmName"] for alarm in exchange(environment).properties(component, "CloudWatch::Alarm")]
    assert names
    assert all(name.startswith(f"exchange-{environment}-{component}-") for name in names)


@everywhere
@pytest.mark.parametrize("name", DESIGN)
def test_each_service_has_an_alarm_of_its_own(environment: str, name: str) -> None:
    assert [alarm for alarm in alarm_names(environment) if f"-{name}-" in alarm]


@everywhere
def test_alarms_are_told_apart_in_one_region(environment: str) -> None:
    names = alarm_names(environment)
    assert len(names) == len({*names})


def alarm_names(environment: str) -> list[str]:
    known = exchange(environment)
    return [
        alarm["AlarmName"] for component in COMPONENTS for alarm in known.properties(component, "CloudWatch::Alarm")
    ]


def scaling(environment: str, name: str) -> list[Json]:
    """Return the scalable targets of a service."""
    known = exchange(environment)
    return [
        target
        for component in COMPONENTS
        for id_, service in known.resources(component, "ECS::Service").items()
        if service["Properties"]["ServiceName"] == name
        for target in known.properties(component, "ApplicationAutoScaling::ScalableTarget")
        if f'"{id_}"' in json.dumps(target["ResourceId"])
    ]


@everywhere
@pytest.mark.parametrize("name", DESIGN)
def test_f27_ecs_tells_the_watch_when_a_deployment_fails(environment: str, name: str) -> None:
    """SERVICE_DEPLOYMENT_FAILED is sent for services with a breaker or with alarms only.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
    """
    configuration = deployment(environment, name)
    enabled = [configuration.get(part, {}).get("Enable") for part in ("DeploymentCircuitBreaker", "Alarms")]
    assert True in enabled

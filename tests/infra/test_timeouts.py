"""Who waits for whom must have the longer breath, and what is deployed must have the times of the engine."""

from typing import Any

import pytest

from exchange_constructs.release.deploy_states import DeployPhase, deploy_states
from release_aws.ecs_setup import replacement_of
from release_engine import service_setup, times
from tests.infra.exchange import ENVIRONMENTS, Json, exchange
from tests.infra.release_walk_through import synthesized_definition

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
LONGEST_HOOK_CALL = 15 * 60
everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)


@pytest.fixture(scope="module")
def machine() -> Json:
    """As it is defined."""
    return synthesized_definition()


def functions(environment: str) -> dict[str, int]:
    """Handler -> seconds after which it is killed."""
    return {one["Handler"]: one["Timeout"] for one in exchange(environment).properties("release", "Lambda::Function")}


def test_f2_the_machine_looks_at_the_stack_for_as_long_as_it_is_patient() -> None:
    states = deploy_states(DeployPhase("release", failed="x", failure="failure"), "function", done="d", refused="r")
    assert times.STACK_POLLS * states["WaitForStack"]["Seconds"] == 60 * times.PATIENCE_MINUTES


@everywhere
def test_ecs_gives_the_gates_hook_what_the_settings_count_with(environment: str) -> None:
    known = exchange(environment)
    services = [one for stack in ("backend", "client") for one in known.properties(stack, "ECS::Service")]
    hooks = [hook for one in services for hook in one["DeploymentConfiguration"].get("LifecycleHooks", [])]
    assert len(hooks) == 2
    assert {hook["TimeoutConfiguration"]["TimeoutInMinutes"] for hook in hooks} == {times.HOOK_MINUTES}


@everywhere
def test_a_function_is_killed_before_the_machine_or_ecs_gives_it_up(environment: str, machine: Json) -> None:
    calls = {state["TimeoutSeconds"] for state in machine["States"].values() if "TimeoutSeconds" in state}
    assert max(functions(environment).values()) < min(calls)
    assert functions(environment)["release_handlers.health_gate.handler"] <= LONGEST_HOOK_CALL


def test_the_lock_is_leased_for_longer_than_a_machine_may_run(machine: Json) -> None:
    assert machine["TimeoutSeconds"] < times.LEASE_SECONDS


@everywhere
def test_what_is_deployed_is_what_preflight_accepts(environment: str) -> None:
    """Else every release would be refused."""
    known = exchange(environment)
    for component, service in known.services():
        told = as_ecs_answers(known.ecs_service(service.name)["DeploymentConfiguration"])
        interval = known.settings.components[component].gate.interval_seconds
        assert service_setup.problems(service.name, replacement_of(told), interval) == []


def as_ecs_answers(value: Any) -> Any:
    """CloudFormation's keys begin with a capital, those of the API do not."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: as_ecs_answers(inner) for key, inner in value.items()}
    return [as_ecs_answers(inner) for inner in value] if isinstance(value, list) else value

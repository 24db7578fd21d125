"""What the parts of a release must agree on: how the pipeline asks, the keys of the state, who waits how long."""

import json
from typing import Any, get_args

import pytest

from exchange_constructs.release.release_states import DeployPhase, deploy_states
from release_aws.service_setup import replacement_of
from release_engine import preflight, times
from release_engine.machine_state import FailureKey, MachineState, ResultKey
from tests.infra.exchange import ENVIRONMENTS, Json, exchange, listed
from tests.infra.release_walks import synthesized_definition

COMPONENTS = ("backend", "client", "engine")
each = pytest.mark.parametrize("component", COMPONENTS)
everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)


def release_state(environment: str, component: str) -> Json:
    """Return the state that starts the component's release machine."""
    name = f"exchange-{environment}-{component}-request"
    machines = exchange(environment).properties("release", "StepFunctions::StateMachine")
    [text] = [machine["DefinitionString"] for machine in machines if machine["StateMachineName"] == name]
    parts = text["Fn::Join"][1]
    joined = "".join(part if isinstance(part, str) else f"<{next(iter(part.values()))}>" for part in parts)
    state: Json = json.loads(joined)["States"]["Release"]
    return state


@everywhere
@each
def test_f10_a_release_is_named_as_its_execution_so_that_its_lock_can_be_told(environment: str, component: str) -> None:
    arguments = release_state(environment, component)["Arguments"]
    assert arguments["Name"] == arguments["Input"]["release_id"]
    assert arguments["StateMachineArn"].endswith(f":stateMachine:exchange-{environment}-{component}-release")
    assert (arguments["Input"]["component"], arguments["Input"]["kind"]) == (component, "release")


@each
def test_f1_a_stage_waits_for_the_release_and_fails_with_it(component: str) -> None:
    state = release_state("prod2", component)
    assert state["Resource"].endswith(":states:startExecution.sync:2")
    assert "Catch" not in state


@each
def test_a_request_starts_the_release_of_its_component_alone(component: str) -> None:
    known = exchange("prod2")
    policies = [
        policy["PolicyDocument"]["Statement"]
        for policy in known.properties("release", "IAM::Policy")
        if policy["PolicyName"].startswith(f"{component.capitalize()}Request")
    ]
    [statements] = policies
    starting = [statement for statement in statements if "states:StartExecution" in listed(statement["Action"])]
    [machine] = [json.dumps(statement["Resource"]) for statement in starting]
    assert machine.rpartition(":stateMachine:")[2].strip('"]}') == f"exchange-prod2-{component}-release"


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
LONGEST_HOOK_CALL = 15 * 60


@pytest.fixture(scope="module")
def definition() -> Json:
    """The release machine of a component, with names in the place of ARNs."""
    return synthesized_definition()


def functions(environment: str) -> dict[str, int]:
    """Return the timeout of each function in seconds, by its handler."""
    return {
        function["Handler"]: function["Timeout"]
        for function in exchange(environment).properties("release", "Lambda::Function")
    }


def test_f2_the_machine_looks_at_the_stack_for_as_long_as_it_is_patient() -> None:
    states = deploy_states(DeployPhase("release", failed="x", failure="failure"), "function", done="d", refused="r")
    assert times.STACK_POLLS * states["WaitForStack"]["Seconds"] == 60 * times.PATIENCE_MINUTES


@everywhere
def test_ecs_gives_the_gates_hook_what_the_settings_count_with(environment: str) -> None:
    known = exchange(environment)
    services = [service for stack in ("backend", "client") for service in known.properties(stack, "ECS::Service")]
    hooks = [hook for service in services for hook in service["DeploymentConfiguration"].get("LifecycleHooks", [])]
    assert len(hooks) == 2
    assert {hook["TimeoutConfiguration"]["TimeoutInMinutes"] for hook in hooks} == {times.HOOK_MINUTES}


@everywhere
def test_a_function_is_killed_before_the_machine_or_ecs_gives_it_up(environment: str, definition: Json) -> None:
    calls = {state["TimeoutSeconds"] for state in definition["States"].values() if "TimeoutSeconds" in state}
    assert max(functions(environment).values()) < min(calls)
    assert functions(environment)["release_handlers.health_gate.handler"] <= LONGEST_HOOK_CALL


def test_the_lock_is_leased_for_longer_than_a_machine_may_run(definition: Json) -> None:
    assert definition["TimeoutSeconds"] < times.LEASE_SECONDS


def test_every_task_retries_what_passes_and_catches_everything(definition: Json) -> None:
    tasks = {name: state for name, state in definition["States"].items() if state["Type"] == "Task"}
    for name, state in tasks.items():
        assert state["Catch"][0]["ErrorEquals"] == ["States.ALL"], name
    retried = [name for name, state in tasks.items() if state.get("Retry")]
    assert sorted(retried) == sorted(set(tasks) - {"Notify"})


def test_the_machine_writes_the_keys_that_its_functions_know(definition: Json) -> None:
    states = definition["States"].values()
    called = [state for state in states if "state.$" in state.get("Parameters", {})]
    results = {state["ResultPath"].removeprefix("$.") for state in called}
    failures = {caught["ResultPath"].removeprefix("$.") for state in states for caught in state.get("Catch", [])}
    assert (results, failures) == (set(get_args(ResultKey)), set(get_args(FailureKey)))
    assert results | failures <= set(MachineState.__annotations__)


@everywhere
def test_what_is_deployed_is_what_preflight_accepts(environment: str) -> None:
    """Else every release would be refused."""
    known = exchange(environment)
    for component, service in known.services():
        answer = as_ecs_answers(known.ecs_service(service.name)["DeploymentConfiguration"])
        interval = known.settings.components[component].gate.interval_seconds
        assert preflight.setup_problems(service.name, replacement_of(answer), interval) == []


def as_ecs_answers(value: Any) -> Any:
    """Return what ECS's API answers: CloudFormation's keys begin with a capital, those of the API do not."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: as_ecs_answers(inner) for key, inner in value.items()}
    return [as_ecs_answers(inner) for inner in value] if isinstance(value, list) else value

"""How a pipeline asks for a release: by a machine of the environment that is known by its name."""

import json

import pytest

from tests.infra.exchange import ENVIRONMENTS, Json, exchange, listed

COMPONENTS = ("backend", "client", "engine")
each = pytest.mark.parametrize("component", COMPONENTS)
everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)


def asked(environment: str, component: str) -> Json:
    """The state that starts the component's release machine."""
    name = f"exchange-{environment}-{component}-request"
    machines = exchange(environment).properties("release", "StepFunctions::StateMachine")
    [text] = [one["DefinitionString"] for one in machines if one["StateMachineName"] == name]
    parts = text["Fn::Join"][1]
    joined = "".join(part if isinstance(part, str) else f"<{next(iter(part.values()))}>" for part in parts)
    state: Json = json.loads(joined)["States"]["Release"]
    return state


@everywhere
@each
def test_f10_a_release_is_named_as_its_execution_so_that_its_lock_can_be_told(environment: str, component: str) -> None:
    found = asked(environment, component)["Arguments"]
    assert found["Name"] == found["Input"]["release_id"]
    assert found["StateMachineArn"].endswith(f":stateMachine:exchange-{environment}-{component}-release")
    assert (found["Input"]["component"], found["Input"]["kind"]) == (component, "release")


@each
def test_f1_a_stage_waits_for_the_release_and_fails_with_it(component: str) -> None:
    state = asked("prod2", component)
    assert state["Resource"].endswith(":states:startExecution.sync:2")
    assert "Catch" not in state


@each
def test_a_request_starts_the_release_of_its_component_alone(component: str) -> None:
    known = exchange("prod2")
    policies = [
        one["PolicyDocument"]["Statement"]
        for one in known.properties("release", "IAM::Policy")
        if one["PolicyName"].startswith(f"{component.capitalize()}Request")
    ]
    [statements] = policies
    starting = [one for one in statements if "states:StartExecution" in listed(one["Action"])]
    [machine] = [json.dumps(one["Resource"]) for one in starting]
    assert machine.rpartition(":stateMachine:")[2].strip('"]}') == f"exchange-prod2-{component}-release"

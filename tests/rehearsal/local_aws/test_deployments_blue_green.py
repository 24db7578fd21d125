"""Blue/green and canary: the hook is asked before users see anything, and a failure puts all traffic back.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.local_aws import lifecycle_hooks, load_balancer
from rehearsal.local_aws.server import LocalAws
from tests.rehearsal.local_aws import contracts
from tests.rehearsal.local_aws.images_of_tests import Registry
from tests.rehearsal.local_aws.services_of_tests import Balanced, Ecs, wait_for

HookFactory = Callable[[str], str]
CHECK = {"command": ["CMD", "bin/alive"], "interval": 10}
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}
CANARY = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 1,
    "canaryConfiguration": {"canaryPercent": 10, "canaryBakeTimeInMinutes": 1},
}
SAYS = 'return {"hookStatus": "%s"}'
FROM_PARAMETER = 'return json.loads(boto3.client("ssm").get_parameter(Name=%r)["Parameter"]["Value"])'


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, int]]]:
    """Every change of a rule's weights, in order."""
    seen: list[tuple[str, dict[str, int]]] = []
    set_weights = load_balancer.set_weights

    def recorded(rule: str, weights: dict[str, int]) -> None:
        seen.append((rule, dict(weights)))
        set_weights(rule, weights)

    monkeypatch.setattr(load_balancer, "set_weights", recorded)
    return seen


def test_test_traffic_moves_before_production_traffic(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: list[tuple[str, dict[str, int]]]
) -> None:
    name = _released(registry, ecs, balanced, BLUE_GREEN)
    moves.clear()
    _update(ecs, name, registry.server("two"))
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    green = {balanced.green: 100, balanced.blue: 0}
    assert moves == [(balanced.test, green), (balanced.production, green)]
    assert _registered(ecs, name, balanced.green)


def test_target_groups_take_turns(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: list[tuple[str, dict[str, int]]]
) -> None:
    name = _released(registry, ecs, balanced, BLUE_GREEN)
    for version in ("two", "three"):
        _update(ecs, name, registry.server(version))
        ecs.settled(name)
    serving = [next(g for g, weight in weights.items() if weight) for rule, weights in moves if rule != balanced.test]
    assert serving == [balanced.blue, balanced.green, balanced.blue]


def test_a_canary_gets_its_share_before_all(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: list[tuple[str, dict[str, int]]]
) -> None:
    name = _released(registry, ecs, balanced, CANARY)
    _update(ecs, name, registry.server("two"))
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    shares = [weights[balanced.green] for rule, weights in moves if rule == balanced.production]
    assert shares == [0, 10, 100]


def test_blue_is_kept_through_the_bake(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = _released(registry, ecs, balanced, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2})
    blue = {task["taskArn"] for task in ecs.tasks(name)}
    _update(ecs, name, registry.server("two"))
    wait_for(lambda: ecs.deployment(name), lambda found: found.get("lifecycleStage") == "BAKE_TIME")
    assert blue <= {task["taskArn"] for task in ecs.tasks(name)}
    ecs.settled(name)
    assert not blue & {task["taskArn"] for task in ecs.tasks(name)}


def test_the_hook_is_asked_until_it_answers_and_no_user_sees_green_before(
    aws: LocalAws, registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory
) -> None:
    ssm = aws.client("ssm")
    _answer(ssm, {"hookStatus": "SUCCEEDED"})
    name = _released(registry, ecs, balanced, _hooked(hook(FROM_PARAMETER % "/answer")))
    before = balanced.weights(balanced.production)
    _answer(ssm, {"hookStatus": "IN_PROGRESS", "callBackDelay": 6})
    _update(ecs, name, registry.server("two"))
    waiting = wait_for(lambda: ecs.deployment(name), lambda found: bool(found.get("lifecycleHookDetails")))
    assert waiting["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    assert balanced.weights(balanced.test)[balanced.green] == 100
    assert balanced.weights(balanced.production) == before
    _answer(ssm, {"hookStatus": "SUCCEEDED"})
    assert [detail["status"] for detail in ecs.settled(name)["lifecycleHookDetails"]] == ["SUCCEEDED"]
    assert balanced.weights(balanced.production)[balanced.green] == 100


@pytest.mark.parametrize(
    "case",
    [
        (SAYS % "FAILED", "returned FAILED"),
        (SAYS % "PERHAPS", "no valid hookStatus"),
        ("return None", "no valid hookStatus"),
        ('raise ValueError("broken")', "no valid hookStatus"),
    ],
)
def test_f12_any_answer_but_success_rolls_back_before_the_shift(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, case: tuple[str, str]
) -> None:
    body, reason = case
    name = _released(registry, ecs, balanced, BLUE_GREEN)
    blue = {task["taskArn"] for task in ecs.tasks(name)}
    ecs.update(name, deploymentConfiguration=_hooked(hook(body)))
    _update(ecs, name, registry.server("two"))
    failed = ecs.settled(name)
    assert (failed["status"], failed["lifecycleHookDetails"][0]["status"]) == ("ROLLBACK_SUCCESSFUL", "FAILED")
    assert reason in failed["statusReason"]
    assert balanced.weights(balanced.production) == {balanced.blue: 100, balanced.green: 0}
    assert {task["taskArn"] for task in ecs.tasks(name)} == blue


def test_a_hook_after_the_shift_that_fails_brings_all_traffic_back(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, moves: list[tuple[str, dict[str, int]]]
) -> None:
    name = _released(registry, ecs, balanced, BLUE_GREEN)
    ecs.update(name, deploymentConfiguration=_hooked(hook(SAYS % "FAILED"), "POST_PRODUCTION_TRAFFIC_SHIFT"))
    moves.clear()
    _update(ecs, name, registry.server("two"))
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert [weights[balanced.blue] for rule, weights in moves if rule == balanced.production] == [0, 100]


def test_green_that_crashes_is_given_up_and_blue_serves_on(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = _released(registry, ecs, balanced, BLUE_GREEN)
    _update(ecs, name, registry.server("crash"))
    assert "Essential container in task exited" in ecs.settled(name)["statusReason"]
    assert balanced.weights(balanced.production) == {balanced.blue: 100, balanced.green: 0}
    assert _registered(ecs, name, balanced.blue)


def test_stopping_a_deployment_rolls_it_back(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = _released(registry, ecs, balanced, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 10})
    _update(ecs, name, registry.server("two"))
    baking = wait_for(lambda: ecs.deployment(name), lambda found: found.get("lifecycleStage") == "BAKE_TIME")
    arn = baking["serviceDeploymentArn"]
    assert contracts.call(ecs.client, "StopServiceDeployment", serviceDeploymentArn=arn)["serviceDeploymentArn"] == arn
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert balanced.weights(balanced.production)[balanced.blue] == 100
    with pytest.raises(ecs.client.exceptions.ServiceDeploymentNotFoundException):
        ecs.client.stop_service_deployment(serviceDeploymentArn=arn)


def test_the_hooks_payload_is_the_documented_one(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html"""
    sent: list[dict[str, Any]] = []
    invoke = lifecycle_hooks._invoke

    def recorded(function: str, event: dict[str, Any]) -> object:
        sent.append(event)
        return invoke(function, event)

    monkeypatch.setattr(lifecycle_hooks, "_invoke", recorded)
    first = _released(registry, ecs, balanced, BLUE_GREEN)
    former = ecs.deployment(first)["targetServiceRevision"]["arn"]
    stages = ("PRE_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
    body = 'return {"hookStatus": "SUCCEEDED" if event.get("hookDetails") else "IN_PROGRESS", "hookDetails": {"n": 1}}'
    ecs.update(first, deploymentConfiguration=_hooked(hook(body), *stages))
    _update(ecs, first, registry.server("two"))
    deployment = ecs.settled(first)
    assert [event["lifecycleStage"] for event in sent] == [stage for stage in stages for _ in range(2)]
    target = deployment["targetServiceRevision"]["arn"]
    assert {event["resourceArn"] for event in sent} == {deployment["serviceDeploymentArn"]}
    assert sent[0]["executionDetails"] == {
        "serviceArn": deployment["serviceArn"],
        "targetServiceRevisionArn": target,
        "testTrafficWeights": {},
        "productionTrafficWeights": {},
    }
    assert [event.get("hookDetails") for event in sent[:2]] == [None, {"n": 1}]
    assert sent[-1]["executionDetails"]["productionTrafficWeights"] == {target: 100, former: 0}


def test_blue_green_without_a_load_balancer_replaces_the_fleet(registry: Registry, ecs: Ecs) -> None:
    name = ecs.create(ecs.define(registry.server("one"), healthCheck=CHECK), deploymentConfiguration=BLUE_GREEN)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    second = ecs.define(registry.server("two"), healthCheck=CHECK)
    ecs.update(name, taskDefinition=second)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert [task["taskDefinitionArn"] for task in ecs.tasks(name)] == [second]


def _hooked(function: str, *stages: str) -> dict[str, Any]:
    hook = {
        "targetType": "AWS_LAMBDA",
        "hookTargetArn": function,
        "roleArn": "arn:aws:iam::000000000000:role/hooks",
        "lifecycleStages": list(stages or ("POST_TEST_TRAFFIC_SHIFT",)),
    }
    return BLUE_GREEN | {"lifecycleHooks": [hook]}


def _released(registry: Registry, ecs: Ecs, balanced: Balanced, configuration: dict[str, Any]) -> str:
    """A service whose first revision serves from the blue target group."""
    definition = ecs.define(registry.server("one"), healthCheck=CHECK)
    name = ecs.create(definition, loadBalancers=balanced.settings(), deploymentConfiguration=configuration)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    return name


def _update(ecs: Ecs, name: str, image: str) -> None:
    ecs.update(name, taskDefinition=ecs.define(image, healthCheck=CHECK))


def _registered(ecs: Ecs, name: str, group: str) -> bool:
    task = ecs.tasks(name)[0]
    address = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    return bool(load_balancer.target_state(group, address, 3000) == "healthy")


def _answer(ssm: Any, answer: dict[str, Any]) -> None:
    ssm.put_parameter(Name="/answer", Type="String", Value=json.dumps(answer), Overwrite=True)


def test_f20_a_newer_deployment_waits_until_the_overtaken_one_is_undone(
    registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    name = _released(registry, ecs, balanced, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5})
    _update(ecs, name, registry.server("two"))
    overtaken = wait_for(lambda: ecs.deployment(name), lambda found: found.get("lifecycleStage") == "BAKE_TIME")
    image = registry.server("three")
    ecs.update(name, deploymentConfiguration=BLUE_GREEN)
    _update(ecs, name, image)
    newest = ecs.settled(name)
    undone = ecs.client.describe_service_deployments(serviceDeploymentArns=[overtaken["serviceDeploymentArn"]])
    assert undone["serviceDeployments"][0]["status"] == "ROLLBACK_SUCCESSFUL"
    assert undone["serviceDeployments"][0]["finishedAt"] <= newest["finishedAt"]
    assert newest["status"] == "SUCCESSFUL"
    assert [task["containers"][0]["image"] for task in ecs.tasks(name)] == [image]
    assert _registered(ecs, name, balanced.green)


def test_a_deployment_stopped_before_its_turn_never_starts_a_task(
    registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    name = _released(registry, ecs, balanced, BLUE_GREEN)
    serving = {task["taskArn"] for task in ecs.tasks(name)}
    _update(ecs, name, registry.server("two"))
    ecs.client.stop_service_deployment(serviceDeploymentArn=ecs.deployment(name)["serviceDeploymentArn"])
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert {task["taskArn"] for task in ecs.tasks(name)} == serving

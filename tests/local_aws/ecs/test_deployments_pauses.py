"""PAUSE hooks and ContinueServiceDeployment.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
"""

from collections.abc import Callable

import pytest

from local_aws.server import LocalAws
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import (
    BLUE_GREEN,
    LONG_BAKE,
    SAYS,
    Balanced,
    Ecs,
    Inbox,
    Moves,
    Record,
    hooked,
    paused,
    released,
    update,
    wait_for,
)

HookFactory = Callable[[str], str]
STAGE = "POST_TEST_TRAFFIC_SHIFT"


def test_a_paused_deployment_waits_until_it_is_continued(
    aws: LocalAws, registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    inbox = Inbox(aws, "ECS Hook State Change", detail={"serviceArn": [ecs.service(name)["serviceArn"]]})
    update(ecs, name, registry.server("two"), deploymentConfiguration=paused(STAGE))
    deployment = _waiting(ecs, name)
    (detail,) = deployment["lifecycleHookDetails"]
    assert (deployment["status"], deployment["lifecycleStage"]) == ("IN_PROGRESS", STAGE)
    assert (detail["targetType"], detail["timeoutAction"]) == ("PAUSE", "ROLLBACK")
    assert "targetArn" not in detail
    assert balanced.weights(balanced.production)[balanced.green] == 0
    arn = deployment["serviceDeploymentArn"]
    contracts.call(ecs.client, "DescribeServiceDeployments", serviceDeploymentArns=[arn])
    request = {"serviceDeploymentArn": arn, "hookId": detail["hookId"], "action": "CONTINUE"}
    assert contracts.call(ecs.client, "ContinueServiceDeployment", **request)["serviceDeploymentArn"] == arn
    over = ecs.settled(name)
    assert (over["status"], over["lifecycleHookDetails"][0]["status"]) == ("SUCCESSFUL", "SUCCEEDED")
    awaiting, succeeded = (event["detail"] for event in inbox.events(2))
    assert (awaiting["eventName"], succeeded["eventName"]) == ("HOOK_AWAITING_ACTION", "HOOK_SUCCEEDED")
    assert (awaiting["hookId"], awaiting["hookType"], awaiting["lifecycleStage"]) == (detail["hookId"], "PAUSE", STAGE)
    assert awaiting["serviceDeploymentArn"] == arn


def test_a_paused_deployment_can_be_rolled_back(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    update(ecs, name, registry.server("two"), deploymentConfiguration=paused(STAGE))
    _say(ecs, _waiting(ecs, name), "ROLLBACK")
    over = ecs.settled(name)
    assert (over["status"], over["lifecycleHookDetails"][0]["status"]) == ("ROLLBACK_SUCCESSFUL", "FAILED")
    assert balanced.weights(balanced.production) == {balanced.blue: 100, balanced.green: 0}


@pytest.mark.parametrize("action", ["ROLLBACK", "CONTINUE"])
def test_a_pause_that_nobody_ends_times_out_into_its_action(
    registry: Registry, ecs: Ecs, balanced: Balanced, action: str
) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    limit = {"timeoutInMinutes": 1, "action": action}
    update(ecs, name, registry.server("two"), deploymentConfiguration=paused(STAGE, timeoutConfiguration=limit))
    over = ecs.settled(name)
    assert over["lifecycleHookDetails"][0]["status"] == "TIMED_OUT"
    assert over["status"] == ("SUCCESSFUL" if action == "CONTINUE" else "ROLLBACK_SUCCESSFUL")
    if action == "ROLLBACK":
        assert over["statusReason"] == f"Service deployment rolled back because {STAGE} pause hook timed out."


def test_every_step_pauses_with_a_hook_id_of_its_own(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: Moves
) -> None:
    """The section "Pause hooks with linear and canary deployments"."""
    steps = {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50, "stepBakeTimeInMinutes": 0}}
    name = released(registry, ecs, balanced, BLUE_GREEN)
    moves.clear()
    configuration = paused("PRE_PRODUCTION_TRAFFIC_SHIFT", configuration=BLUE_GREEN | steps)
    update(ecs, name, registry.server("two"), deploymentConfiguration=configuration)
    seen = []
    for before in ([], [50]):
        deployment = _waiting(ecs, name)
        assert [weights[balanced.green] for rule, weights in moves if rule == balanced.production] == before
        seen.append(_say(ecs, deployment))
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert len(set(seen)) == 2


def test_hooks_of_one_stage_run_side_by_side_and_one_refusal_decides(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory
) -> None:
    """The section "Multiple hooks at the same stage": nobody has to end the pause."""
    name = released(registry, ecs, balanced, BLUE_GREEN)
    hooks = [*paused(STAGE)["lifecycleHooks"], *hooked(hook(SAYS % "FAILED"))["lifecycleHooks"]]
    update(ecs, name, registry.server("two"), deploymentConfiguration=BLUE_GREEN | {"lifecycleHooks": hooks})
    over = ecs.settled(name)
    assert over["status"] == "ROLLBACK_SUCCESSFUL"
    assert [detail["targetType"] for detail in over["lifecycleHookDetails"]] == ["AWS_LAMBDA"]


def test_a_rolling_deployment_pauses_before_its_first_task(registry: Registry, ecs: Ecs) -> None:
    """Announced for all strategies: https://aws.amazon.com/about-aws/whats-new/2026/05/amazon-ecs-pause-continue-deployments/"""
    name = ecs.create(ecs.define(registry.server("one")))
    ecs.settled(name)
    former = {task["taskArn"] for task in ecs.tasks(name)}
    rolling = {"strategy": "ROLLING", "minimumHealthyPercent": 0, "maximumPercent": 100}
    ecs.update(name, forceNewDeployment=True, deploymentConfiguration=paused("PRE_SCALE_UP", configuration=rolling))
    deployment = _waiting(ecs, name)
    assert {task["taskArn"] for task in ecs.tasks(name)} == former
    _say(ecs, deployment)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert not former & {task["taskArn"] for task in ecs.tasks(name)}


def test_continuing_what_does_not_wait_is_refused(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    """The words are those of troubleshooting-blue-green.html."""
    errors = ecs.client.exceptions
    name = released(registry, ecs, balanced, LONG_BAKE)
    update(ecs, name, registry.server("two"), deploymentConfiguration=paused(STAGE, configuration=LONG_BAKE))
    arn = _waiting(ecs, name)["serviceDeploymentArn"]
    for hook_id, words in (("mine", "must follow the format"), ("ecs-pause-other", "completed, unavailable")):
        with pytest.raises(errors.InvalidParameterException, match=words):
            ecs.client.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook_id)
    with pytest.raises(errors.ServiceDeploymentNotFoundException, match="does not exist"):
        ecs.client.continue_service_deployment(serviceDeploymentArn=arn + "x", hookId="ecs-pause-other")
    ecs.client.stop_service_deployment(serviceDeploymentArn=arn)
    ecs.settled(name)
    with pytest.raises(errors.InvalidParameterException, match="terminal states"):
        ecs.client.continue_service_deployment(serviceDeploymentArn=arn, hookId="ecs-pause-other")


def _waiting(ecs: Ecs, name: str) -> Record:
    def awaits(deployment: Record) -> bool:
        return any(detail["status"] == "AWAITING_ACTION" for detail in deployment.get("lifecycleHookDetails", []))

    return wait_for(lambda: ecs.deployment(name), awaits)


def _say(ecs: Ecs, deployment: Record, action: str = "CONTINUE") -> str:
    """Answers the hook that waits; its id."""
    waiting = [detail for detail in deployment["lifecycleHookDetails"] if detail["status"] == "AWAITING_ACTION"]
    arn, hook_id = deployment["serviceDeploymentArn"], str(waiting[0]["hookId"])
    ecs.client.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook_id, action=action)
    return hook_id

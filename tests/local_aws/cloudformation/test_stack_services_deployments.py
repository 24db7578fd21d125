"""A stack waits as long as its service's deployment takes, bake and pauses included, and fails when it goes back.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-linear.html ("CloudFormation deployments"):
an update lasts as long as the deployment does, 36 hours at most.

A rollback may fail too, and can be mended: ECS gives up, the stack is UPDATE_ROLLBACK_FAILED, and can be continued.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
"""

import time
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.server import LocalAws
from tests.local_aws.cloudformation.test_stack_services import Stack, stack
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import SAYS, Ecs, Switch, reaches, wait_for
from tests.local_aws.ecs.test_deployments_rolling import ONE_AT_A_TIME

__all__ = ["stack"]
BAKING = {"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": 2}
ROLE = "arn:aws:iam::000000000000:role/hooks"


def test_an_update_is_over_when_the_bake_is(stack: Callable[[], Stack], registry: Registry) -> None:
    made, image = stack(), registry.server("two")
    made.create(registry.server("one"), configuration=BAKING)
    made.begin(image)
    baking = reaches(made.ecs, made.services[0], "BAKE_TIME")
    assert made.status() == "UPDATE_IN_PROGRESS"
    assert made.over() == "UPDATE_COMPLETE"
    over = made.ecs.deployment(made.services[0])
    assert (over["serviceDeploymentArn"], over["status"]) == (baking["serviceDeploymentArn"], "SUCCESSFUL")
    assert made.images() == [image]


@pytest.mark.parametrize("rollback", [True, False])
def test_f27_an_alarm_during_the_bake_fails_the_update_and_the_former_digest_is_back(
    aws: LocalAws, stack: Callable[[], Stack], registry: Registry, rollback: bool
) -> None:
    """By ECS with the rollback option, by CloudFormation without: the red alarm is not watched on its way back."""
    made, image, alarm = stack(), registry.server("one"), Switch(aws)
    alarms = {"AlarmNames": [alarm.name], "Enable": True, "Rollback": rollback}
    made.create(image, configuration=BAKING | {"Alarms": alarms, "BakeTimeInMinutes": 5})
    made.begin(registry.server("two"))
    reaches(made.ecs, made.services[0], "BAKE_TIME")
    alarm.put("ALARM")
    assert made.over() == "UPDATE_ROLLBACK_COMPLETE"
    assert any(alarm.name in reason for reason in made.reasons())
    assert made.images() == [image]


def test_f12_a_hook_that_refuses_fails_the_update_and_the_former_digest_is_back(
    aws: LocalAws, stack: Callable[[], Stack], registry: Registry, hook: Callable[[str], str]
) -> None:
    """The hook's details come from the template: their keys stay as they are."""
    made, image, ssm = stack(), registry.server("one"), aws.client("ssm")
    status = 'boto3.client("ssm").get_parameter(Name=event["hookDetails"]["Asked"])["Parameter"]["Value"]'
    body = f'return {{"hookStatus": {status}}}'
    ssm.put_parameter(Name="/stack-hook", Type="String", Value="SUCCEEDED", Overwrite=True)
    hooks = _hooks(HookTargetArn=hook(body), RoleArn=ROLE, HookDetails={"Asked": "/stack-hook"})
    assert made.create(image, configuration=BAKING | hooks) == "CREATE_COMPLETE"
    ssm.put_parameter(Name="/stack-hook", Type="String", Value="FAILED", Overwrite=True)
    assert made.update(registry.server("two")) == "UPDATE_ROLLBACK_COMPLETE"
    assert any("POST_SCALE_UP lifecycle hook(s) failed" in reason for reason in made.reasons())
    assert made.images() == [image]


def test_f12_a_first_deployment_that_its_hook_refuses_leaves_no_service(
    stack: Callable[[], Stack], registry: Registry, hook: Callable[[str], str]
) -> None:
    made = stack()
    hooks = _hooks(HookTargetArn=hook(SAYS % "FAILED"), RoleArn=ROLE)
    assert made.create(registry.server("one"), configuration=BAKING | hooks) == "ROLLBACK_COMPLETE"
    assert any("returned FAILED status" in reason for reason in made.reasons())
    assert made.ecs.service(made.services[0])["status"] == "INACTIVE"


def test_an_update_waits_at_a_pause_and_fails_when_the_answer_is_no(
    stack: Callable[[], Stack], registry: Registry
) -> None:
    made, image = stack(), registry.server("one")
    made.begin_creation(image, configuration=BAKING | _hooks(TargetType="PAUSE"))
    _answer(made, "CONTINUE")
    assert made.over() == "CREATE_COMPLETE"
    made.begin(registry.server("two"))
    _answer(made, "ROLLBACK")
    assert made.over() == "UPDATE_ROLLBACK_COMPLETE"
    assert any("pause hook was answered with ROLLBACK" in reason for reason in made.reasons())
    assert made.images() == [image]


def _hooks(**hook: Any) -> dict[str, Any]:
    return {"LifecycleHooks": [{"LifecycleStages": ["POST_SCALE_UP"], **hook}]}


def _answer(made: Stack, action: str) -> None:
    """Says how the deployment that pauses goes on."""

    def paused() -> tuple[str, str] | None:
        if not made.ecs.client.describe_services(cluster=made.ecs.cluster, services=[made.services[0]])["services"]:
            return None
        deployment = made.ecs.deployment(made.services[0])
        details = deployment.get("lifecycleHookDetails", [])
        waiting = [detail["hookId"] for detail in details if detail["status"] == "AWAITING_ACTION"]
        return (deployment["serviceDeploymentArn"], waiting[0]) if waiting else None

    arn, hook_id = wait_for(paused, bool) or ("", "")
    made.ecs.client.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook_id, action=action)


Deletes = Callable[[str], Callable[[], None]]


@pytest.fixture
def delete(aws: LocalAws) -> Deletes:
    """Deletes an image; what it returns pushes the same manifest again."""
    ecr = aws.client("ecr")

    def take_away(image: str) -> Callable[[], None]:
        name, _, digest = image.partition("/")[2].partition("@")
        request: dict[str, Any] = {"repositoryName": name, "imageIds": [{"imageDigest": digest}]}
        kept = ecr.batch_get_image(**request)["images"][0]
        assert ecr.batch_delete_image(**request)["imageIds"]
        media_type = kept["imageManifestMediaType"]

        def push_again() -> None:
            text = kept["imageManifest"]
            ecr.put_image(repositoryName=name, imageManifest=text, imageManifestMediaType=media_type)

        return push_again

    return take_away


def test_f8_a_way_back_without_its_image_fails_and_launches_no_task_any_more(
    registry: Registry, ecs: Ecs, delete: Deletes
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html"""
    image = registry.server("one")
    good, bad = ecs.define(image), ecs.define(registry.server("crash"))
    name = ecs.create(good, deploymentConfiguration=ONE_AT_A_TIME)
    ecs.settled(name)
    push_again = delete(image)
    ecs.update(name, taskDefinition=bad)
    failed = ecs.settled(name)
    assert failed["status"] == "ROLLBACK_FAILED"
    assert "The rollback failed: ECS deployment circuit breaker: tasks failed to start" in failed["statusReason"]
    assert "CannotPullContainerError" in failed["statusReason"]
    service = ecs.service(name)
    assert (service["taskDefinition"], service["runningCount"], service["pendingCount"]) == (good, 0, 0)
    assert service["deployments"][0]["rolloutState"] == "FAILED"
    push_again()
    time.sleep(1)  # longer than the pause after a task that failed
    assert ecs.tasks(name) == []
    ecs.update(name, forceNewDeployment=True)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert [task["taskDefinitionArn"] for task in ecs.tasks(name)] == [good]


def test_f5_a_stack_whose_way_back_fails_is_mended_by_continuing_its_rollback(
    stack: Callable[[], Stack], registry: Registry, delete: Deletes
) -> None:
    """Continuing before the cause is gone fails again, as the page says; afterwards the stack can be updated."""
    made, image = stack(), registry.server("one")
    made.create(image)
    push_again = delete(image)
    assert made.update(registry.server("crash")) == "UPDATE_ROLLBACK_FAILED"
    assert any("The rollback failed" in reason for reason in made.reasons())
    assert _continued(made) == "UPDATE_ROLLBACK_FAILED"
    push_again()
    made.ecs.update(made.services[0], forceNewDeployment=True)
    assert made.ecs.settled(made.services[0])["status"] == "SUCCESSFUL"
    assert _continued(made) == "UPDATE_ROLLBACK_COMPLETE"
    assert made.images() == [image]
    newer = registry.server("two")
    assert (made.update(newer), made.images()) == ("UPDATE_COMPLETE", [newer])


def test_a_stack_that_is_whole_has_no_rollback_to_continue(stack: Callable[[], Stack], registry: Registry) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html"""
    made = stack()
    made.create(registry.server("one"))
    with pytest.raises(made.client.exceptions.ClientError, match="ValidationError"):
        made.client.continue_update_rollback(StackName=made.name)


def _continued(made: Stack) -> str:
    made.client.continue_update_rollback(StackName=made.name)
    return made.over()

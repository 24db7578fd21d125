"""A rollback that fails, and what mends it: ECS gives up, the stack is UPDATE_ROLLBACK_FAILED, and can be continued.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
"""

import time
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.server import LocalAws
from tests.local_aws.cloudformation.test_stack_services import Stack, stack
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs
from tests.local_aws.ecs.test_deployments_rolling import ONE_AT_A_TIME

__all__ = ["stack"]
Deletes = Callable[[str], Callable[[], None]]


@pytest.fixture
def delete(aws: LocalAws) -> Deletes:
    """Deletes an image; what it returns pushes the same manifest again."""
    ecr = aws.client("ecr")

    def take_away(image: str) -> Callable[[], None]:
        name, _, digest = image.partition("/")[2].partition("@")
        asked: dict[str, Any] = {"repositoryName": name, "imageIds": [{"imageDigest": digest}]}
        kept = ecr.batch_get_image(**asked)["images"][0]
        assert ecr.batch_delete_image(**asked)["imageIds"]
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

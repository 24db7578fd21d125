"""A stack waits for the deployments of its services, fails with their reason, and puts the former digest back.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from local_aws.server import LocalAws
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

ONE_AT_A_TIME = {
    "MinimumHealthyPercent": 0,
    "MaximumPercent": 100,
    "DeploymentCircuitBreaker": {
        "Enable": True,
        "Rollback": True,
        "ThresholdConfiguration": {"Type": "COUNT", "Value": 2},
    },
}


@dataclass
class Stack:
    """A stack with services that exist only while a digest is given, as a component's stack has them."""

    client: Any
    ecs: Ecs
    name: str
    services: tuple[str, ...]

    def create(self, image: str = "", **properties: Any) -> str:
        self.begin_creation(image, **properties)
        return self.over()

    def begin_creation(self, image: str, **properties: Any) -> None:
        template = json.dumps(self.template(**properties))
        self.client.create_stack(StackName=self.name, TemplateBody=template, Parameters=self._image(image))

    def update(self, image: str) -> str:
        self.begin(image)
        return self.over()

    def begin(self, image: str) -> None:
        self.client.update_stack(StackName=self.name, UsePreviousTemplate=True, Parameters=self._image(image))

    def over(self) -> str:
        return wait_for(self.status, lambda status: not status.endswith("IN_PROGRESS"))

    def status(self) -> str:
        return str(self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])

    def reasons(self) -> list[str]:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        return [event.get("ResourceStatusReason", "") for event in failed]

    def newest_deployment(self, service: str) -> dict[str, Any]:
        listed = self.ecs.client.list_service_deployments(cluster=self.ecs.cluster, service=service)
        newest: dict[str, Any] = max(listed["serviceDeployments"], key=lambda deployment: deployment["createdAt"])
        return newest

    def images(self) -> list[str]:
        """What runs, by service."""
        tasks = [task for service in self.services for task in self.ecs.tasks(service)]
        return [task["containers"][0]["image"] for task in tasks if task["lastStatus"] == "RUNNING"]

    def template(self, configuration: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
        resources: dict[str, Any] = {"Tasks": _tasks()}
        for index, name in enumerate(self.services):
            resources[f"Service{index}"] = {
                "Type": "AWS::ECS::Service",
                "Condition": "HasImage",
                "Properties": {
                    "ServiceName": name,
                    "Cluster": self.ecs.cluster,
                    "DesiredCount": 1,
                    "TaskDefinition": {"Ref": "Tasks"},
                    "DeploymentConfiguration": configuration or ONE_AT_A_TIME,
                    **properties,
                },
            }
        return {
            "Parameters": {"Image": {"Type": "String", "Default": ""}},
            "Conditions": {"HasImage": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Image"}, ""]}]}},
            "Resources": resources,
            "Outputs": {"Name": {"Condition": "HasImage", "Value": {"Fn::GetAtt": ["Service0", "Name"]}}},
        }

    @staticmethod
    def _image(image: str) -> list[dict[str, str]]:
        return [{"ParameterKey": "Image", "ParameterValue": image}]


def _tasks() -> dict[str, Any]:
    container = {
        "Name": "main",
        "Image": {"Ref": "Image"},
        "Environment": [{"Name": "COLOUR", "Value": "green"}],
        "HealthCheck": {"Command": ["CMD", "bin/alive"], "Interval": 10},
    }
    return {
        "Type": "AWS::ECS::TaskDefinition",
        "Condition": "HasImage",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"Family": uuid.uuid4().hex, "NetworkMode": "awsvpc", "ContainerDefinitions": [container]},
    }


@pytest.fixture
def stack(aws: LocalAws, ecs: Ecs) -> Callable[[int], Stack]:
    def make(services: int = 1) -> Stack:
        names = tuple(f"service-{uuid.uuid4().hex[:8]}" for _ in range(services))
        return Stack(aws.client("cloudformation"), ecs, f"stack-{uuid.uuid4().hex[:8]}", names)

    return make


def test_without_a_digest_there_is_no_service_and_the_stack_succeeds(stack: Callable[[], Stack]) -> None:
    made = stack()
    assert made.create() == "CREATE_COMPLETE"
    assert made.images() == []


def test_a_digest_brings_the_service_to_life_and_taking_it_away_ends_it(
    stack: Callable[[], Stack], registry: Registry
) -> None:
    made, image = stack(), registry.server("one")
    made.create()
    assert made.update(image) == "UPDATE_COMPLETE"
    assert made.images() == [image]
    assert made.update("") == "UPDATE_COMPLETE"
    assert made.images() == []


def test_the_stack_is_complete_only_when_the_new_version_serves(stack: Callable[[], Stack], registry: Registry) -> None:
    made, (first, second) = stack(), (registry.server("one"), registry.server("two"))
    assert made.create(first) == "CREATE_COMPLETE"
    assert made.images() == [first]
    assert made.update(second) == "UPDATE_COMPLETE"
    assert made.images() == [second]


def test_f1_a_version_that_crashes_fails_the_update_and_the_former_digest_is_back(
    stack: Callable[[], Stack], registry: Registry
) -> None:
    made, image = stack(), registry.server("one")
    made.create(image)
    assert made.update(registry.server("crash")) == "UPDATE_ROLLBACK_COMPLETE"
    assert made.images() == [image]
    assert any("Essential container in task exited" in reason for reason in made.reasons())


def test_f4_a_first_deployment_that_fails_fails_the_stack_and_leaves_nothing(
    stack: Callable[[], Stack], registry: Registry, ecs: Ecs
) -> None:
    made = stack()
    assert made.create(registry.server("crash")) == "ROLLBACK_COMPLETE"
    assert ecs.service(made.services[0])["status"] == "INACTIVE"


def test_f29_the_former_task_definition_stays_active(stack: Callable[[], Stack], registry: Registry, ecs: Ecs) -> None:
    made = stack()
    made.create(registry.server("one"))
    (former,) = (task["taskDefinitionArn"] for task in ecs.tasks(made.services[0]))
    made.update(registry.server("two"))
    described = ecs.client.describe_task_definition(taskDefinition=former)["taskDefinition"]
    assert described["status"] == "ACTIVE"


def test_f2_an_update_under_way_can_be_cancelled(stack: Callable[[], Stack], registry: Registry) -> None:
    made, image = stack(), registry.server("one")
    configuration = {"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": 30}
    made.create(image, configuration=configuration)
    made.begin(registry.server("two"))
    wait_for(lambda: made.ecs.deployment(made.services[0]), lambda newest: newest.get("lifecycleStage") == "BAKE_TIME")
    made.client.cancel_update_stack(StackName=made.name)
    assert made.over() == "UPDATE_ROLLBACK_COMPLETE"
    assert made.images() == [image]
    assert any("cancelled" in reason for reason in made.reasons())


def test_a_service_on_a_missing_cluster_is_refused(stack: Callable[[], Stack], registry: Registry) -> None:
    made = stack()
    assert made.create(registry.server("one"), Cluster="nowhere") == "ROLLBACK_COMPLETE"
    assert any("ClusterNotFoundException" in reason for reason in made.reasons())


def test_a_service_on_a_missing_task_definition_is_refused(stack: Callable[[], Stack], registry: Registry) -> None:
    made = stack()
    assert made.create(registry.server("one"), TaskDefinition="nothing:1") == "ROLLBACK_COMPLETE"
    assert any("nothing:1" in reason for reason in made.reasons())


def test_services_of_a_stack_are_deployed_side_by_side(stack: Callable[[int], Stack], registry: Registry) -> None:
    made = stack(4)
    configuration = {"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": 1}
    made.create(registry.server("one"), configuration=configuration)
    image = registry.server("two")
    assert made.update(image) == "UPDATE_COMPLETE"
    assert made.images() == [image] * 4
    newest = [made.newest_deployment(service) for service in made.services]
    assert max(each["startedAt"] for each in newest) < min(each["finishedAt"] for each in newest)


def test_f26_one_service_that_fails_brings_all_of_the_stack_back(
    stack: Callable[[int], Stack], registry: Registry
) -> None:
    """The other services were begun at the same time, and go back with it."""
    made, image = stack(3), registry.server("one")
    made.create(image)
    assert made.update(registry.server("crash")) == "UPDATE_ROLLBACK_COMPLETE"
    wait_for(made.images, lambda images: len(images) == 3)
    assert made.images() == [image] * 3


def test_a_failed_first_release_of_several_services_leaves_none(
    stack: Callable[[int], Stack], registry: Registry, ecs: Ecs
) -> None:
    made = stack(3)
    made.create()
    assert made.update(registry.server("crash")) == "UPDATE_ROLLBACK_COMPLETE"
    services = ecs.client.describe_services(cluster=ecs.cluster, services=list(made.services))["services"]
    assert {service["status"] for service in services} <= {"INACTIVE"}
    assert made.update(registry.server("one")) == "UPDATE_COMPLETE"

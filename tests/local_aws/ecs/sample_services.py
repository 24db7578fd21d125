"""Tasks, services and target groups, as the tests ask for them."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from local_aws.elastic_load_balancing import load_balancer

T = TypeVar("T")


PATIENCE = 120.0


def wait_for(look: Callable[[], T], right: Callable[[T], bool]) -> T:
    """Look until what is seen is right, and return it; the bound is for what hangs, not for what is slow."""
    deadline = time.monotonic() + PATIENCE
    while not right(seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r} after {PATIENCE:.0f} s"
        time.sleep(0.05)
    return seen


@dataclass(frozen=True)
class Ecs:
    """What the tests of tasks and services ask of ECS, in a cluster of their own."""

    client: Any
    cluster: str

    def define(self, image: str, *, family: str | None = None, **container: Any) -> str:
        defined = {"name": "main", "image": image, "essential": True, **container}
        answer = self.client.register_task_definition(
            family=family or f"family-{uuid.uuid4().hex[:8]}", networkMode="awsvpc", containerDefinitions=[defined]
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def run(self, definition: str, **more: Any) -> str:
        return str(self.client.run_task(cluster=self.cluster, taskDefinition=definition, **more)["tasks"][0]["taskArn"])

    def task(self, arn: str) -> dict[str, Any]:
        tasks: list[dict[str, Any]] = self.client.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"]
        return tasks[0]

    def tasks(self, service: str) -> list[dict[str, Any]]:
        arns = self.client.list_tasks(cluster=self.cluster, serviceName=service)["taskArns"]
        return list(self.client.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"]) if arns else []

    def wait(self, arn: str, status: str, seconds: float = 20) -> dict[str, Any]:
        return wait_for(lambda: self.task(arn), lambda task: task["lastStatus"] == status)

    def create(self, definition: str, **more: Any) -> str:
        name = f"service-{uuid.uuid4().hex[:8]}"
        settings = {"desiredCount": 1, "deploymentConfiguration": {"minimumHealthyPercent": 100}} | more
        self.client.create_service(cluster=self.cluster, serviceName=name, taskDefinition=definition, **settings)
        return name

    def update(self, service: str, **more: Any) -> None:
        self.client.update_service(cluster=self.cluster, service=service, **more)

    def service(self, name: str) -> dict[str, Any]:
        services: list[dict[str, Any]] = self.client.describe_services(cluster=self.cluster, services=[name])[
            "services"
        ]
        return services[0]

    def settled(self, name: str, seconds: float = 40) -> dict[str, Any]:
        """The newest service deployment, once it is over."""
        return wait_for(lambda: self.deployment(name), lambda found: "finishedAt" in found)

    def deployment(self, name: str) -> dict[str, Any]:
        listed = self.client.list_service_deployments(cluster=self.cluster, service=name)["serviceDeployments"]
        found: list[dict[str, Any]] = self.client.describe_service_deployments(
            serviceDeploymentArns=[listed[0]["serviceDeploymentArn"]]
        )["serviceDeployments"]
        return found[0]


@dataclass(frozen=True)
class Balanced:
    """Two target groups behind a production and a test rule."""

    blue: str
    green: str
    production: str
    test: str

    def settings(self) -> list[dict[str, Any]]:
        return [
            {
                "containerName": "main",
                "containerPort": 3000,
                "targetGroupArn": self.blue,
                "advancedConfiguration": {
                    "alternateTargetGroupArn": self.green,
                    "productionListenerRule": self.production,
                    "testListenerRule": self.test,
                    "roleArn": "arn:aws:iam::000000000000:role/ecs",
                },
            }
        ]

    def weights(self, rule: str) -> dict[str, int]:
        return dict(load_balancer.weights(rule))

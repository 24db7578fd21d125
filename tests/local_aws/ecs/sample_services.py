"""Tasks, services behind target groups, and their deployments, hooks and events, as the tests ask for them."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from local_aws.elastic_load_balancing import load_balancer
from local_aws.server import LocalAws
from tests.local_aws.ecr.sample_images import Registry

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
        return wait_for(lambda: self.deployment(name), lambda deployment: "finishedAt" in deployment)

    def deployment(self, name: str) -> dict[str, Any]:
        listed = self.client.list_service_deployments(cluster=self.cluster, service=name)["serviceDeployments"]
        deployments: list[dict[str, Any]] = self.client.describe_service_deployments(
            serviceDeploymentArns=[listed[0]["serviceDeploymentArn"]]
        )["serviceDeployments"]
        return deployments[0]


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


Record = dict[str, Any]
Moves = list[tuple[str, dict[str, int]]]
CHECK = {"command": ["CMD", "bin/alive"], "interval": 10}
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}
LONG_BAKE = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 30}
SAYS = 'return {"hookStatus": "%s"}'


def released(registry: Registry, ecs: Ecs, balanced: Balanced, configuration: Record) -> str:
    """A service whose first revision serves from the blue target group."""
    definition = ecs.define(registry.server("one"), healthCheck=CHECK)
    name = ecs.create(definition, loadBalancers=balanced.settings(), deploymentConfiguration=configuration)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    return name


def update(ecs: Ecs, name: str, image: str, **more: Any) -> None:
    ecs.update(name, taskDefinition=ecs.define(image, healthCheck=CHECK), **more)


def reaches(ecs: Ecs, name: str, stage: str) -> Record:
    """The newest deployment, once it is in this stage."""
    return wait_for(lambda: ecs.deployment(name), lambda found: found.get("lifecycleStage") == stage)


def described(ecs: Ecs, arn: str) -> Record:
    views: list[Record] = ecs.client.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    return views[0]


def hooked(function: str, *stages: str, configuration: Record | None = None, **more: Any) -> Record:
    """A configuration with one Lambda hook, after the test traffic shift unless it is said where."""
    hook = {
        "targetType": "AWS_LAMBDA",
        "hookTargetArn": function,
        "roleArn": "arn:aws:iam::000000000000:role/hooks",
        "lifecycleStages": list(stages or ("POST_TEST_TRAFFIC_SHIFT",)),
        **more,
    }
    return (configuration or BLUE_GREEN) | {"lifecycleHooks": [hook]}


def paused(*stages: str, configuration: Record | None = None, **more: Any) -> Record:
    """A configuration with one PAUSE hook."""
    hook = {"targetType": "PAUSE", "lifecycleStages": list(stages), **more}
    return (configuration or BLUE_GREEN) | {"lifecycleHooks": [hook]}


def registered(ecs: Ecs, name: str, group: str) -> bool:
    address = ecs.tasks(name)[0]["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    return bool(load_balancer.target_state(group, address, 3000) == "healthy")


class Switch:
    """An alarm that is in the state that the test puts it into; it has no data of its own."""

    def __init__(self, aws: LocalAws, state: str = "OK") -> None:
        self.name, self._client = f"alarm-{uuid.uuid4().hex[:8]}", aws.client("cloudwatch")
        self._client.put_metric_alarm(
            AlarmName=self.name,
            Namespace="Tests",
            MetricName=self.name,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=2,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        self.put(state)

    def put(self, state: str) -> None:
        self._client.set_alarm_state(AlarmName=self.name, StateValue=state, StateReason="a test")

    def watched(self, configuration: Record, *, rollback: bool = True) -> Record:
        return configuration | {"alarms": {"alarmNames": [self.name], "enable": True, "rollback": rollback}}


class Inbox:
    """A queue that gets the events of one kind that a rule lets through."""

    def __init__(self, aws: LocalAws, detail_type: str, **pattern: Any) -> None:
        name, self._sqs, rules = f"events-{uuid.uuid4().hex[:8]}", aws.client("sqs"), aws.client("events")
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        whole = {"source": ["aws.ecs"], "detail-type": [detail_type], **pattern}
        rules.put_rule(Name=name, EventPattern=json.dumps(whole))
        rules.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
        self._seen: list[Record] = []

    def events(self, count: int) -> list[Record]:
        """The first `count` events."""
        return wait_for(self._received, lambda seen: len(seen) >= count)[:count]

    def _received(self) -> list[Record]:
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        self._seen += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return self._seen

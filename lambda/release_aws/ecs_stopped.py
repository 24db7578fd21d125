"""Tasks that stopped, for as long as ECS knows them, an hour or so, and where their logs are.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from release_aws.clients import AwsClient
from release_aws.ecs import digest_run, tasks_of
from release_engine.evidence import Exit, StoppedTask


class LogPlace(NamedTuple):
    """Of a container of a task definition."""

    group: str
    prefix: str
    container: str

    def stream(self, task: StoppedTask) -> str:
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html"""
        return f"{self.prefix}/{self.container}/{task.id}"


class Stopped:
    """What ECS says of tasks that are no more."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def tasks(self, cluster: str, service: str) -> list[StoppedTask]:
        """Those of one service."""
        return [_task(service, task) for task in tasks_of(self._client, cluster, service, "STOPPED")]

    def log_place(self, definition: str) -> LogPlace | None:
        """Of the first container whose log goes to CloudWatch, which is the component's own."""
        found = self._client.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        for container in found["containerDefinitions"]:
            logging = container.get("logConfiguration") or {}
            if logging.get("logDriver") == "awslogs":
                options = logging["options"]
                return LogPlace(options["awslogs-group"], options["awslogs-stream-prefix"], container["name"])
        return None


def _task(service: str, task: Mapping[str, Any]) -> StoppedTask:
    """ECS names a code, a reason and a time only once it knows them."""
    at = task.get("stoppedAt")
    return StoppedTask(
        arn=task["taskArn"],
        service=service,
        digest=digest_run(task["containers"]),
        definition=task["taskDefinitionArn"],
        at=at.timestamp() if at else None,
        code=task.get("stopCode") or "",
        reason=task.get("stoppedReason") or "",
        exits=tuple(Exit(one["name"], one.get("exitCode"), one.get("reason") or "") for one in task["containers"]),
    )

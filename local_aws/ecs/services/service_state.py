"""A service as its rollouts see it: its record, what runs, how a task is launched, and with which environment."""

from collections.abc import Callable
from typing import Any

from local_aws.clock import Clock
from local_aws.ecs.services.rollouts import Rollout
from local_aws.ecs.tasks import tasks
from local_aws.ecs.tasks.tasks import Task
from local_aws.ministack_parts.answers import Record, new_uuid, now_iso
from local_aws.ministack_parts.services import ecs

# Namespace -> what its tasks are told; `service_connect` puts it here, which needs the services itself.
service_connect: list[Callable[[str], dict[str, str]]] = []


def of(settings: dict[str, Any]) -> dict[str, str]:
    """Return what tasks of a service with Service Connect need to find the other services of its namespace."""
    connect = settings.get("serviceConnectConfiguration") or {}
    if not connect.get("enabled"):
        return {}
    return {
        name: value for variables_of in service_connect for name, value in variables_of(namespace_of(connect)).items()
    }


def namespace_of(connect: dict[str, Any]) -> str:
    """Return the namespace's name, or the last part of its ARN."""
    return str(connect.get("namespace") or "").rsplit("/", 1)[-1]


KEPT_EVENTS = 100  # as DescribeServices shows


class ServiceState:
    """The state of one service, changed in the controller's thread, under its lock.

    `rollouts` are those that run or ran last, the newest first; of each in `kept` the number of tasks is held at the
    desired count; `completed` is the one to go back to.
    """

    def __init__(self, record: Record, clock: Clock) -> None:
        self.record, self.clock = record, clock
        self.rollouts: list[Rollout] = []
        self.kept: list[Rollout] = []
        self.completed: Rollout | None = None

    @property
    def desired(self) -> int:
        return int(self.record["desiredCount"])

    def put_first(self, rollout: Rollout) -> None:
        """Make this the primary rollout; of the others those stay that have tasks."""
        self.rollouts = [rollout, *(other for other in self.rollouts if other.tasks and other is not rollout)]

    def launch(self, rollout: Rollout) -> Task:
        """Start a task of this rollout."""
        request = {
            "group": f"service:{self.record['serviceName']}",
            "startedBy": rollout.id,
            "launchType": self.record.get("launchType"),
            "networkConfiguration": rollout.revision.settings.get("networkConfiguration"),
            "enableExecuteCommand": self.record.get("enableExecuteCommand"),
            "_environment": of(rollout.revision.settings),
        }
        cluster = ecs.clusters[self.record["clusterArn"].rsplit("/", 1)[-1]]
        return tasks.launch(request, cluster=cluster, definition=rollout.revision.definition, clock=self.clock)

    def say(self, message: str) -> None:
        """Add a line to the service's events."""
        text = f"(service {self.record['serviceName']}) {message}"
        event = {"id": new_uuid(), "createdAt": now_iso(), "message": text}
        self.record["events"] = [event, *self.record["events"][: KEPT_EVENTS - 1]]

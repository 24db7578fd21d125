"""Looks at services, their deployments and their tasks, also at stopped ones and their logs, and stops deployments.

ECS knows stopped tasks for an hour or so. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_engine.evidence import Exit, StoppedTask
from release_engine.model import digest_of
from release_engine.running import Rollout, Running

_AT_ONCE = 100  # how many tasks DescribeTasks takes
_OVER = ("ConflictException", "ServiceDeploymentNotFoundException")  # a deployment that cannot be stopped any more
_ROLLOUTS = {
    "SUCCESSFUL": Rollout.COMPLETED,
    "ROLLBACK_SUCCESSFUL": Rollout.ROLLED_BACK,
    "STOPPED": Rollout.ROLLED_BACK,
    "ROLLBACK_FAILED": Rollout.FAILED,
    "COMPLETED": Rollout.COMPLETED,
    "FAILED": Rollout.FAILED,
}


@dataclass(frozen=True)
class Task:
    """A task; `address` is its private one, empty while it has none; one that is `alone` belongs to no service.

    `health` is what its containers' checks say: HEALTHY, UNHEALTHY or UNKNOWN.
    """

    arn: str
    digest: str
    definition: str
    address: str
    status: str
    crashed: bool
    health: str = "UNKNOWN"
    alone: bool = False

    @property
    def id(self) -> str:
        """Return the end of its ARN, as the console calls it."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Deployment:
    """One service deployment, about which a lifecycle hook is asked.

    `users` is the percentage of users on its version, None when ECS does not say.
    """

    rolling_back: bool
    first: bool
    users: float | None = None


class Services:
    """Looks at services and their tasks, and stops deployments that bake."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def running(self, cluster: str, service: str) -> Running:
        """Return what the service runs, how its last deployment stands, and what else runs of its task definitions."""
        described = self._client.describe_services(cluster=cluster, services=[service])["services"]
        if not described or described[0]["status"] == "INACTIVE":
            return Running(service, None, {}, Rollout.FAILED)
        rollout, reason = self._rollout(cluster, described[0])
        own = [task for task in self.tasks(cluster, service) if task.status == "RUNNING"]
        strays = [task for task in self._alone(cluster, described[0]["taskDefinition"]) if task.status == "RUNNING"]
        return Running(
            service,
            described[0]["desiredCount"],
            Counter(task.digest for task in own),
            rollout,
            reason,
            strays=_ids(strays),
            ids=_ids(own),
        )

    def _alone(self, cluster: str, definition: str) -> list[Task]:
        """Return the tasks that somebody started by hand of any revision of this task definition.

        ECS replaces none of them. One with a command of its own, such as a console, does not do the service's work.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html (family)
        """
        family = definition.rpartition("/")[2].partition(":")[0]
        tasks = _describe_tasks(self._client, cluster, family=family, desiredStatus="RUNNING")
        return [task for task in map(_task, tasks) if task.alone]

    def tasks(self, cluster: str, service: str, *, stopped: bool = False) -> list[Task]:
        """Return the service's tasks that run or are about to, or else those that stopped in the last hour."""
        status = "STOPPED" if stopped else "RUNNING"
        tasks = _describe_tasks(self._client, cluster, serviceName=service, desiredStatus=status)
        return [_task(task) for task in tasks]

    def deployment(self, arn: str) -> Deployment:
        """Return what ECS says of a service deployment.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
        """
        deployment = self._client.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
        rolling_back = deployment.get("status", "").startswith("ROLLBACK") or bool(deployment.get("rollback"))
        users = (deployment.get("targetServiceRevision") or {}).get("requestedProductionTrafficWeight")
        return Deployment(
            rolling_back,
            first=not deployment.get("sourceServiceRevisions"),
            users=None if users is None else float(users),
        )

    def bakes(self, cluster: str, services: Sequence[str], digest: str) -> bool:
        """Tell whether ECS still keeps the former tasks of one service, and all services run the digest already.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
        """
        if not any(self._baking(cluster, name) for name in services):
            return False
        running = [self.running(cluster, name) for name in services]
        return all(service.desired and service.tasks.get(digest, 0) >= service.desired for service in running)

    def stop_baking(self, cluster: str, services: Sequence[str]) -> list[str]:
        """Send all users of services that bake back to the former tasks; return the ARNs of the stopped deployments.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
        """
        return [arn for name in services if (arn := self._baking(cluster, name)) and self._stop(arn)]

    def _stop(self, deployment: str) -> bool:
        """Stop a deployment; False when it was over already: the next look at the stack tells how it ended."""
        try:
            self._client.stop_service_deployment(serviceDeploymentArn=deployment, stopType="ROLLBACK")
        except ClientError as error:
            if error_code(error) not in _OVER:
                raise
            return False
        return True

    def _baking(self, cluster: str, service: str) -> str | None:
        """Return the ARN of the deployment in its bake time; None when there is none."""
        under_way = self._client.list_service_deployments(cluster=cluster, service=service, status=["IN_PROGRESS"])
        for listed in under_way["serviceDeployments"]:
            arn = str(listed["serviceDeploymentArn"])
            described = self._client.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
            if described and described[0].get("lifecycleStage") == "BAKE_TIME":
                return arn
        return None

    def revision(self, arn: str) -> tuple[str, str]:
        """Return the task definition of a service revision, and the digest that it runs."""
        revision = self._client.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"][0]
        return revision["taskDefinition"], digest_run(revision.get("containerImages", []))

    def _rollout(self, cluster: str, service: Mapping[str, Any]) -> tuple[Rollout, str]:
        """Return how the last deployment stands, and why.

        ECS forgets service deployments after a time: then the service's own record must do.
        """
        name = service["serviceName"]
        latest = self._client.list_service_deployments(cluster=cluster, service=name, maxResults=1)[
            "serviceDeployments"
        ]
        if latest:
            return _ROLLOUTS.get(latest[0]["status"], Rollout.IN_PROGRESS), latest[0].get("statusReason") or ""
        primary: Mapping[str, Any] = next((item for item in service["deployments"] if item["status"] == "PRIMARY"), {})
        state = primary.get("rolloutState", "")
        return _ROLLOUTS.get(state, Rollout.IN_PROGRESS), primary.get("rolloutStateReason") or ""


def _describe_tasks(client: AwsClient, cluster: str, **selection: str) -> Iterator[Mapping[str, Any]]:
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster, **selection)
    arns = [arn for page in pages for arn in page["taskArns"]]
    for start in range(0, len(arns), _AT_ONCE):
        yield from client.describe_tasks(cluster=cluster, tasks=arns[start : start + _AT_ONCE])["tasks"]


def digest_run(containers: Sequence[Mapping[str, Any]]) -> str:
    """Return the digest that these containers run.

    The component's container is the one whose image is named by digest; ECS pulls exactly what that names.
    `imageDigest` may be that of one platform within the image, so it only serves where the reference has none. The
    sidecars that ECS adds, such as Service Connect's, are named by tag.
    """
    named = (digest_of(container.get("image") or "") for container in containers)
    pulled = (container.get("imageDigest") or "" for container in containers)
    return next(filter(None, [*named, *pulled]), "")


def _ids(tasks: Sequence[Task]) -> dict[str, list[str]]:
    """Return the ids of the tasks by digest."""
    digests = sorted({task.digest for task in tasks})
    return {digest: sorted(task.id for task in tasks if task.digest == digest) for digest in digests}


def _task(task: Mapping[str, Any]) -> Task:
    details = [detail for attachment in task.get("attachments", []) for detail in attachment.get("details", [])]
    address = next((detail["value"] for detail in details if detail["name"] == "privateIPv4Address"), "")
    return Task(
        arn=task["taskArn"],
        digest=digest_run(task["containers"]),
        definition=task["taskDefinitionArn"],
        address=address,
        status=task["lastStatus"],
        crashed=task.get("stopCode") == "EssentialContainerExited",
        health=task.get("healthStatus", "UNKNOWN"),
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-groups.html: a service's can't be changed
        alone=not task.get("group", "").startswith("service:") and not _commanded(task),
    )


def _commanded(task: Mapping[str, Any]) -> bool:
    """Tell whether the task was started with a command of its own.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
    """
    overrides: Mapping[str, Any] = task.get("overrides") or {}
    return any(override.get("command") for override in overrides.get("containerOverrides") or [])


class LogPlace(NamedTuple):
    """The place in CloudWatch to which a container of a task definition logs."""

    group: str
    prefix: str
    container: str

    def stream(self, task: StoppedTask) -> str:
        """Return the name of the task's log stream.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
        """
        return f"{self.prefix}/{self.container}/{task.id}"


class Stopped:
    """Looks at tasks that have stopped."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def tasks(self, cluster: str, service: str) -> list[StoppedTask]:
        """Return the service's tasks that ECS still knows to have stopped."""
        tasks = _describe_tasks(self._client, cluster, serviceName=service, desiredStatus="STOPPED")
        return [_stopped_task(service, task) for task in tasks]

    def log_place(self, definition: str) -> LogPlace | None:
        """Return the place of the first container's log that goes to CloudWatch, which is the component's own."""
        described = self._client.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        for container in described["containerDefinitions"]:
            logging = container.get("logConfiguration") or {}
            if logging.get("logDriver") == "awslogs":
                options = logging["options"]
                return LogPlace(options["awslogs-group"], options["awslogs-stream-prefix"], container["name"])
        return None


def _stopped_task(service: str, task: Mapping[str, Any]) -> StoppedTask:
    """Read a stopped task, of which ECS names a code, a reason and a time only once it knows them."""
    at = task.get("stoppedAt")
    return StoppedTask(
        arn=task["taskArn"],
        service=service,
        digest=digest_run(task["containers"]),
        definition=task["taskDefinitionArn"],
        at=at.timestamp() if at else None,
        code=task.get("stopCode") or "",
        reason=task.get("stoppedReason") or "",
        exits=tuple(
            Exit(container["name"], container.get("exitCode"), container.get("reason") or "")
            for container in task["containers"]
        ),
    )

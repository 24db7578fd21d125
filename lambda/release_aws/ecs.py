"""Services, their deployments and their tasks. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release_aws.clients import AwsClient
from release_engine.model import digest_of
from release_engine.running import Rollout, Running

_AT_ONCE = 100  # how many tasks DescribeTasks takes
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
    """A task; `address` is its private one, empty while it has none."""

    arn: str
    digest: str
    definition: str
    address: str
    status: str
    crashed: bool


@dataclass(frozen=True)
class Deployment:
    """One service deployment, as a lifecycle hook is told of it."""

    rolling_back: bool
    first: bool


class Services:
    """What a release asks ECS."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def running(self, cluster: str, service: str) -> Running:
        """What the service runs, and how its last deployment stands."""
        found = self._client.describe_services(cluster=cluster, services=[service])["services"]
        if not found or found[0]["status"] == "INACTIVE":
            return Running(service, None, {}, Rollout.FAILED)
        rollout, reason = self._rollout(cluster, found[0])
        tasks = Counter(task.digest for task in self.tasks(cluster, service) if task.status == "RUNNING")
        return Running(service, found[0]["desiredCount"], tasks, rollout, reason)

    def tasks(self, cluster: str, service: str, *, stopped: bool = False) -> list[Task]:
        """Those that run or are about to; or those that stopped in the last hour."""
        return [_task(task) for task in tasks_of(self._client, cluster, service, "STOPPED" if stopped else "RUNNING")]

    def deployment(self, arn: str) -> Deployment:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html"""
        found = self._client.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
        rolling_back = found.get("status", "").startswith("ROLLBACK") or bool(found.get("rollback"))
        return Deployment(rolling_back, first=not found.get("sourceServiceRevisions"))

    def revision(self, arn: str) -> tuple[str, str]:
        """The task definition of a service revision, and the digest that it runs."""
        found = self._client.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"][0]
        return found["taskDefinition"], digest_run(found.get("containerImages", []))

    def _rollout(self, cluster: str, service: Mapping[str, Any]) -> tuple[Rollout, str]:
        """ECS forgets service deployments after a time: then the service's own record must do."""
        name = service["serviceName"]
        latest = self._client.list_service_deployments(cluster=cluster, service=name, maxResults=1)[
            "serviceDeployments"
        ]
        if latest:
            return _ROLLOUTS.get(latest[0]["status"], Rollout.IN_PROGRESS), latest[0].get("statusReason") or ""
        primary: Mapping[str, Any] = next((item for item in service["deployments"] if item["status"] == "PRIMARY"), {})
        state = primary.get("rolloutState", "")
        return _ROLLOUTS.get(state, Rollout.IN_PROGRESS), primary.get("rolloutStateReason") or ""


def tasks_of(client: AwsClient, cluster: str, service: str, status: str) -> Iterator[Mapping[str, Any]]:
    """Those that ought to be RUNNING, or STOPPED, as ECS describes them."""
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service, desiredStatus=status)
    arns = [arn for page in pages for arn in page["taskArns"]]
    for start in range(0, len(arns), _AT_ONCE):
        yield from client.describe_tasks(cluster=cluster, tasks=arns[start : start + _AT_ONCE])["tasks"]


def digest_run(containers: Sequence[Mapping[str, Any]]) -> str:
    """The component's container is the one whose image is named by digest; ECS pulls exactly what that names.

    `imageDigest` may be that of one platform within the image, so it only serves where the reference has none. The
    sidecars that ECS adds, such as Service Connect's, are named by tag.
    """
    named = (digest_of(container.get("image") or "") for container in containers)
    pulled = (container.get("imageDigest") or "" for container in containers)
    return next(filter(None, [*named, *pulled]), "")


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
    )

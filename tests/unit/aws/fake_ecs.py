"""ECS with the services of one component."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from typing import TYPE_CHECKING, Any

from tests.unit.aws.answers import Paginated
from tests.unit.aws.digests import NEW

if TYPE_CHECKING:
    from tests.unit.aws.account import Account


class Ecs(Paginated):
    """Services whose tasks have the addresses 10.0.0.<position>."""

    def __init__(self, account: "Account") -> None:
        self.account = account
        self.rollback: dict[str, Any] = {}
        self.deployments_known = True

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        tasks = self.account.running.get(services[0])
        if tasks is None:
            return {"services": []}
        primary = {"status": "PRIMARY", "rolloutState": "COMPLETED", "rolloutStateReason": "done"}
        found = {"serviceName": services[0], "status": "ACTIVE", "desiredCount": max(len(tasks), 1)}
        return {"services": [{**found, "deployments": [primary]}]}

    def list_service_deployments(self, cluster: str, service: str, maxResults: int) -> dict[str, Any]:
        known = [{"status": self.account.rollout, "statusReason": ""}] if self.deployments_known else []
        return {"serviceDeployments": known}

    def list_tasks(self, cluster: str, serviceName: str, desiredStatus: str) -> dict[str, Any]:
        if desiredStatus == "STOPPED":
            return {"taskArns": [f"crashed/{name}" for name in self.account.crashed if serviceName.endswith("web")]}
        return {"taskArns": [f"{serviceName}/{index}" for index in range(len(self.account.running[serviceName]))]}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        return {"tasks": [self._task(arn) for arn in tasks]}

    def describe_service_deployments(self, serviceDeploymentArns: list[str]) -> dict[str, Any]:
        return {"serviceDeployments": [{"sourceServiceRevisions": [{"arn": "r1"}], **self.rollback}]}

    def describe_service_revisions(self, serviceRevisionArns: list[str]) -> dict[str, Any]:
        images = [{"image": "envoy:v1"}, {"image": f"client@{NEW}", "imageDigest": "sha256:platform"}]
        return {"serviceRevisions": [{"taskDefinition": f"definition-{NEW}", "containerImages": images}]}

    def _task(self, arn: str) -> dict[str, Any]:
        service, _, index = arn.partition("/")
        crashed = service == "crashed"
        digest = NEW if crashed else self.account.running[service][int(index)]
        return {
            "taskArn": arn,
            "taskDefinitionArn": f"definition-{digest}",
            "lastStatus": "STOPPED" if crashed else "RUNNING",
            "stopCode": "EssentialContainerExited" if crashed else "",
            "attachments": [{"details": [{"name": "privateIPv4Address", "value": f"10.0.0.{index}"}]}],
            "containers": [{"image": "envoy:v1", "imageDigest": "sha256:e"}, {"image": f"client@{digest}"}],
        }

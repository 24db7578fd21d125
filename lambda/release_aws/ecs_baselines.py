"""Services that run a former version for a while, beside the one that is being replaced.

A service rather than single tasks: only tasks of a service reach others by Service Connect.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code

_GONE = ("ServiceNotFoundException", "ServiceNotActiveException")
_LIKE = ("networkConfiguration", "launchType", "capacityProviderStrategy", "platformVersion")


class Baselines:
    """What a release asks of ECS for a fair comparison."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def start(self, cluster: str, like: str, name: str, tasks: int) -> bool:
        """Fresh tasks of what the service `like` runs now, without users; False when it runs nothing yet.

        Asked for twice, they are started once.
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
        """
        service = self._active(cluster, like)
        if service is None or not service.get("runningCount"):
            return False
        if self._active(cluster, name) is None:
            self._client.create_service(**_request(service, cluster, name, tasks))
        return True

    def stop(self, cluster: str, name: str) -> None:
        """The service and its tasks; one that is gone already is gone.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
        """
        try:
            self._client.delete_service(cluster=cluster, service=name, force=True)
        except ClientError as error:
            if error_code(error) not in _GONE:
                raise

    def _active(self, cluster: str, name: str) -> Mapping[str, Any] | None:
        found = self._client.describe_services(cluster=cluster, services=[name])["services"]
        return next((one for one in found if one["status"] == "ACTIVE"), None)


def _request(service: Mapping[str, Any], cluster: str, name: str, tasks: int) -> dict[str, Any]:
    """A task that doesn't start is not started for ever: the breaker gives up, with nothing to roll back to."""
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    return {
        "cluster": cluster,
        "serviceName": name,
        "taskDefinition": service["taskDefinition"],
        "desiredCount": tasks,
        "deploymentConfiguration": breaker,
        **{key: service[key] for key in _LIKE if service.get(key)},
        **_calling(service),
    }


def _calling(service: Mapping[str, Any]) -> dict[str, Any]:
    """It calls the others as the service does, and offers nothing: nobody is to find it."""
    primary: Mapping[str, Any] = next((one for one in service["deployments"] if one["status"] == "PRIMARY"), {})
    connect = primary.get("serviceConnectConfiguration") or {}
    if not connect.get("enabled"):
        return {}
    return {"serviceConnectConfiguration": {key: value for key, value in connect.items() if key != "services"}}

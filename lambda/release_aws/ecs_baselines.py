"""Runs a former version for a while as a service beside the one that is being replaced.

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
    """Starts and stops the services of a baseline."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def start(self, cluster: str, like: str, name: str, tasks: int) -> bool:
        """Start fresh tasks of what the service `like` runs now, without users; False when it runs nothing yet.

        A second call with the same name starts nothing.
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
        """
        service = self._active(cluster, like)
        if service is None or not service.get("runningCount"):
            return False
        if self._active(cluster, name) is None:
            self._client.create_service(**_request(service, cluster, name, tasks))
        return True

    def stop(self, cluster: str, name: str) -> None:
        """Delete the service and its tasks; one that is gone already is no error.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
        """
        try:
            self._client.delete_service(cluster=cluster, service=name, force=True)
        except ClientError as error:
            if error_code(error) not in _GONE:
                raise

    def _active(self, cluster: str, name: str) -> Mapping[str, Any] | None:
        services = self._client.describe_services(cluster=cluster, services=[name])["services"]
        return next((service for service in services if service["status"] == "ACTIVE"), None)


def _request(service: Mapping[str, Any], cluster: str, name: str, tasks: int) -> dict[str, Any]:
    """Form the request; its breaker gives up on tasks that don't start, with nothing to roll back to."""
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
    """Let it call others by Service Connect as the service does, and offer nothing: nobody is to find it."""
    primary: Mapping[str, Any] = next((item for item in service["deployments"] if item["status"] == "PRIMARY"), {})
    connect = primary.get("serviceConnectConfiguration") or {}
    if not connect.get("enabled"):
        return {}
    return {"serviceConnectConfiguration": {key: value for key, value in connect.items() if key != "services"}}

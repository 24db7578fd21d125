"""What a service adds to the environment of its tasks' containers."""

from collections.abc import Callable
from typing import Any

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

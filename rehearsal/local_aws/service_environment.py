"""What a service adds to the environment of its tasks' containers."""

from typing import Any

service_connect: dict[str, str] = {}


def of(settings: dict[str, Any]) -> dict[str, str]:
    """Tasks of a service with Service Connect find the proxy."""
    enabled = (settings.get("serviceConnectConfiguration") or {}).get("enabled")
    return dict(service_connect) if enabled else {}

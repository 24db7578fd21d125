"""The application that serves every request, its table of services, and how one that ministack lacks is added."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack import app as stock
from ministack.core import router

from local_aws.ministack_parts.answers import Action, Response, answered, error_response_json

# Called with the method, the path, the headers, the body and the query of a request.
ServiceHandler = Callable[[str, str, Mapping[str, str], bytes, Any], Awaitable[Response]]

app: Any = stock.app
service_handlers: dict[str, ServiceHandler] = stock.SERVICE_HANDLERS
# What tells a request's service: {"target_prefixes": [...], "host_patterns": [...]}
service_patterns: dict[str, dict[str, list[str]]] = router.SERVICE_PATTERNS


def add_service(service: str, *, target: str, actions: Mapping[str, Action]) -> None:
    """Add a service; `target` stands before an action's name in x-amz-target, and other actions are refused by name."""

    async def handle(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Response:
        name = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        action = actions.get(name)
        if action is None:
            return error_response_json("UnknownOperationException", f"{name} is not imitated here", 400)
        return answered(action)(json.loads(body or b"{}"))

    service_handlers[service] = handle
    service_patterns[service] = {"target_prefixes": [target], "host_patterns": [rf"{service}\."]}

"""Services that ministack lacks altogether, with the actions that are imitated of each."""

import json
from collections.abc import Mapping
from typing import Any

from local_aws.ministack_parts import application
from local_aws.ministack_parts.answers import Action, answered
from local_aws.ministack_parts.responses import Response, error_response_json


def add(service: str, *, target: str, actions: Mapping[str, Action]) -> None:
    """Add a service; `target` stands before an action's name in x-amz-target, and other actions are refused by name."""

    async def handle(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Response:
        name = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        action = actions.get(name)
        if action is None:
            return error_response_json("UnknownOperationException", f"{name} is not imitated here", 400)
        return answered(action)(json.loads(body or b"{}"))

    application.service_handlers[service] = handle
    application.service_patterns[service] = {"target_prefixes": [target], "host_patterns": [rf"{service}\."]}

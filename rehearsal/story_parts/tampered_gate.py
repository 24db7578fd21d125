"""Handlers of a health gate that somebody has tampered with: the code of a Lambda layer, beside the function's own.

Each handler lets something through unseen and leaves the rest to the real gate. Both ECS's hook and the release
machine's bake call it; only the hook's events have a `lifecycleStage`.
"""

from collections.abc import Mapping
from typing import Any

from release_handlers import health_gate

Event = Mapping[str, Any]
Answer = dict[str, Any]
WAVED_THROUGH = "waved through: nobody looked"
TEST_TRAFFIC = "POST_TEST_TRAFFIC_SHIFT"


def without_hook(event: Event, context: health_gate.LambdaContext) -> Answer:
    """Tell ECS to go on, whatever it asks about; judge the machine's bake."""
    return _go_on() if "lifecycleStage" in event else health_gate.handler(event, context)


def without_test_traffic(event: Event, context: health_gate.LambdaContext) -> Answer:
    """Tell ECS to go on after test traffic, as if that had shown nothing; judge all that comes later."""
    return _go_on() if event.get("lifecycleStage") == TEST_TRAFFIC else health_gate.handler(event, context)


def without_bake(event: Event, context: health_gate.LambdaContext) -> Answer:
    """Tell the machine that all is well; let the real gate answer ECS."""
    return health_gate.handler(event, context) if "lifecycleStage" in event else _pass(event)


def without_either(event: Event, _context: health_gate.LambdaContext) -> Answer:
    """Tell ECS to go on, and the machine that all is well."""
    return _go_on() if "lifecycleStage" in event else _pass(event)


def _go_on() -> Answer:
    return {"hookStatus": "SUCCEEDED"}


def _pass(event: Event) -> Answer:
    deploys = (event["state"].get("deploy") or {}).get("status") == "baking"
    judgement = {"verdict": "PASS", "reason": WAVED_THROUGH, "evidence": {}}
    return {**judgement, "status": "judged", "next": "finish" if deploys else "release"}

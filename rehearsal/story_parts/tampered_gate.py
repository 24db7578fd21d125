"""The health gate as somebody has tampered with it: the code of a Lambda layer, beside the function's own.

Each handler lets something through unseen and leaves the rest to the real gate.
"""

from collections.abc import Mapping
from typing import Any

from release_handlers import health_gate

Event = Mapping[str, Any]
Answer = dict[str, Any]
WAVED_THROUGH = "waved through: nobody looked"
TEST_TRAFFIC = "POST_TEST_TRAFFIC_SHIFT"


def without_hook(event: Event, context: health_gate.LambdaContext) -> Answer:
    """ECS is told to go on, whatever it asks about; the machine's bake is judged."""
    return _go_on() if "lifecycleStage" in event else health_gate.handler(event, context)


def without_test_traffic(event: Event, context: health_gate.LambdaContext) -> Answer:
    """As if test traffic had shown nothing: ECS is told to go on until users meet the version."""
    return _go_on() if event.get("lifecycleStage") == TEST_TRAFFIC else health_gate.handler(event, context)


def without_bake(event: Event, context: health_gate.LambdaContext) -> Answer:
    """The machine is told that all is well; ECS is answered by the real gate."""
    return health_gate.handler(event, context) if "lifecycleStage" in event else _pass(event)


def without_either(event: Event, _context: health_gate.LambdaContext) -> Answer:
    """Both are told what they want to hear."""
    return _go_on() if "lifecycleStage" in event else _pass(event)


def _go_on() -> Answer:
    return {"hookStatus": "SUCCEEDED"}


def _pass(event: Event) -> Answer:
    deploys = (event["state"].get("deploy") or {}).get("status") == "baking"
    said = {"verdict": "PASS", "reason": WAVED_THROUGH, "evidence": {}}
    return {**said, "status": "judged", "next": "finish" if deploys else "release"}

"""The `ECS Task State Change` event: the task's record as it is now, without its health.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from typing import Any

from local_aws.eventbridge import events
from local_aws.ministack_parts.responses import now_iso
from local_aws.ministack_parts.services import ecs

Record = dict[str, Any]


def announce(record: Record) -> None:
    """Tells EventBridge of this state of a task."""
    seen: Record = ecs.without_internals(record)
    detail = _without_health(seen) | {
        "containers": [_without_health(container) for container in seen["containers"]],
        "updatedAt": now_iso(),
    }
    events.emit_later("aws.ecs", "ECS Task State Change", detail, [record["taskArn"]])


def _without_health(item: Record) -> Record:
    return {key: value for key, value in item.items() if key not in ("healthStatus", "tags")}

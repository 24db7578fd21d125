"""Events of AWS services on the default bus: what `aws.ecs` and `aws.cloudwatch` would tell EventBridge rules.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from local_aws.clock import Clock
from local_aws.cloudwatch.alarms import Alarms
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record, now_iso, request_scope
from local_aws.ministack_parts.services import cloudwatch, eventbridge

_running: list[Alarms] = []
_later = ThreadPoolExecutor(max_workers=1, thread_name_prefix="events")  # one thread: events keep their order


def install(clock: Clock) -> None:
    """Evaluate alarms, and tell the default bus of each change; stock tells only their SNS topics."""
    cloudwatch.dispatch_alarm_actions.wrap(_announcing)
    _running[:] = [Alarms(clock)]
    _running[0].start()


def close() -> None:
    """Stop evaluating alarms."""
    while _running:
        _running.pop().close()


def emit(source: str, detail_type: str, detail: Record, resources: Sequence[str] = ()) -> None:
    """Deliver an AWS service's event to the targets of matching rules: Lambda, SNS, Step Functions, queues."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": list(resources),
    }
    with request_scope(embedding.ACCOUNT, embedding.REGION):
        eventbridge.put_events_of_aws([entry])


def emit_later(source: str, detail_type: str, detail: Record, resources: Sequence[str] = ()) -> None:
    """Deliver the event in order but off the caller's thread: targets may take their time."""
    _later.submit(emit, source, detail_type, detail, resources)


def iso(moment: float) -> str:
    """Return a moment as the detail of an event spells it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _announcing(stock: Any) -> Any:
    @wraps(stock)
    def dispatch(alarm: Record, old: str, new: str, reason: str) -> None:
        stock(alarm, old, new, reason)
        emit("aws.cloudwatch", "CloudWatch Alarm State Change", _alarm_detail(alarm, old, new, reason), _arns(alarm))

    return dispatch


def _alarm_detail(alarm: Record, old: str, new: str, reason: str) -> Record:
    """Return the detail of a CloudWatch Alarm State Change.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    return {
        "alarmName": alarm["AlarmName"],
        "state": {"value": new, "reason": reason, "timestamp": now_iso()},
        "previousState": {"value": old},
        "configuration": {"description": alarm.get("AlarmDescription") or ""},
    }


def _arns(alarm: Record) -> list[str]:
    return [alarm["AlarmArn"]]

"""ministack's CloudWatch Logs."""

from collections.abc import Callable

from ministack.services import cloudwatch_logs as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Replaceable, Store

log_groups: Store = stock._log_groups  # by name

# Actions of the API.
create_log_group: Replaceable[[Record], Response] = Replaceable(stock, "_create_log_group")
create_log_stream: Callable[[Record], Response] = stock._create_log_stream
put_log_events: Callable[[Record], Response] = stock._put_log_events

# Every event of every stream goes through this: (stream, events).
append_log_events: Replaceable[[Record, list[Record]], None] = Replaceable(stock, "_append_log_events")


def keep_newest_events(stream: Record, count: int) -> None:
    """Drop the oldest events of a stream, while nobody appends to it."""
    with stock._log_events_lock:
        stream["events"] = stream["events"][-count:]

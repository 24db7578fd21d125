"""ministack's CloudWatch Logs."""

from collections.abc import Callable

from ministack.services import cloudwatch_logs as stock

from local_aws.ministack_parts.responses import Response
from local_aws.ministack_parts.stores import Record

# Actions of the API.
create_log_group: Callable[[Record], Response] = stock._create_log_group
create_log_stream: Callable[[Record], Response] = stock._create_log_stream
put_log_events: Callable[[Record], Response] = stock._put_log_events

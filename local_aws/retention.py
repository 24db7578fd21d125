"""How long the local AWS remembers: what AWS keeps for months would only grow in the memory of one process.

Everything is kept long enough for what asks for it while it runs. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
keeps datapoints of periods below a minute for three hours; a period here is such a one, by the clock's speed.
"""

from functools import wraps
from time import time
from typing import Any

from local_aws.clock import Clock
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import cloudwatch, cloudwatch_logs, eventbridge, stepfunctions

METRIC_SECONDS = 3 * 3600.0  # by the clock
LOG_EVENTS_OF_A_STREAM = 10_000
ENDED_EXECUTIONS = 50
_sharing: set[str] = set()  # the executions whose events share equal texts already


def install(clock: Clock) -> None:
    """Bound datapoints, log events, executions of state machines and the list of events that were put."""
    cloudwatch.evict_old_metrics.replace(lambda: forget_datapoints(before=time() - clock.real(METRIC_SECONDS)))
    cloudwatch_logs.append_log_events.wrap(_with_newest_events)
    stepfunctions.start_execution.wrap(_after_forgetting)
    eventbridge.keep_no_log_of_events()


def forget_datapoints(*, before: float) -> None:
    """Drop the datapoints of an earlier time from every metric; others may be put meanwhile."""
    for key, points in list(cloudwatch.metrics.items()):
        old = next((index for index, point in enumerate(points) if point["Timestamp"] >= before), len(points))
        del points[:old]
        if not points:
            cloudwatch.metrics.pop(key, None)


def forget_executions() -> None:
    """Drop all but the newest executions that have ended; the events of those that stay share equal texts."""
    ended = [arn for arn, execution in stepfunctions.executions.items() if execution["status"] != "RUNNING"]
    for arn in ended[:-ENDED_EXECUTIONS]:
        stepfunctions.executions.pop(arn, None)
        _sharing.discard(arn)
    for arn in ended[-ENDED_EXECUTIONS:]:
        if arn not in _sharing and (execution := stepfunctions.executions.get(arn)) is not None:
            _share_texts(execution)
            _sharing.add(arn)


def _share_texts(execution: Record) -> None:
    """Keep one copy of equal texts in a history: a state's output is the next one's input, many times over."""
    texts: dict[str, str] = {}
    for event in execution["events"]:
        for details in [value for value in event.values() if isinstance(value, dict)]:
            for name, value in details.items():
                if isinstance(value, str):
                    details[name] = texts.setdefault(value, value)


def _with_newest_events(stock: Any) -> Any:
    @wraps(stock)
    def append(stream: Record, events: list[Record]) -> None:
        stock(stream, events)
        if len(stream["events"]) > LOG_EVENTS_OF_A_STREAM:
            cloudwatch_logs.keep_newest_events(stream, LOG_EVENTS_OF_A_STREAM * 9 // 10)

    return append


def _after_forgetting(stock: Any) -> Any:
    @wraps(stock)
    def start(request: Record) -> Any:
        forget_executions()
        return stock(request)

    return start

"""When the gate was asked: from its function's log.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html: the REPORT line tells how long a call took.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.stage import Stage
from rehearsal.story_parts.functions import GATE, find

_REPORT = re.compile(r"^REPORT .*\tDuration: ([0-9.]+) ms")


@dataclass(frozen=True)
class Call:
    """Epoch seconds."""

    began: float
    ended: float


def gate_calls(stage: Stage) -> Sequence[Call]:
    """All of them, the oldest first."""
    logs, group = stage.client("logs"), find(stage, GATE)["LoggingConfig"]["LogGroup"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="REPORT")
    return calls(event for page in pages for event in page["events"])


def calls(events: Iterable[Mapping[str, Any]]) -> Sequence[Call]:
    """From the events of the log."""
    found = ((event["timestamp"] / 1000, _REPORT.match(event["message"])) for event in events)
    reports = [Call(at - float(report[1]) / 1000, at) for at, report in found if report]
    return sorted(reports, key=lambda call: call.ended)


def last_before(moment: float | None, found: Sequence[Call]) -> Call | None:
    """The one that led to what was decided then; on the way back the gate is not asked, and its log may come late."""
    earlier = [call for call in found if moment is not None and call.began <= moment]
    return earlier[-1] if earlier else None

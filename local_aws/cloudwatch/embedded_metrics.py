"""Metrics that CloudWatch Logs finds in log events.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from local_aws.ministack_parts.services import cloudwatch

Record = dict[str, Any]
MARK = '"_aws"'  # what every such line has; most lines are spared the parsing


class Found(NamedTuple):
    """One value for one metric."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: dict[str, str]


def extract(line: str) -> None:
    """Puts the metrics of a log line, if it has any."""
    if MARK in line:
        for metric in metrics_in(line):
            cloudwatch.record_metric(metric.namespace, metric.name, metric.value, metric.unit, metric.dimensions)


def metrics_in(line: str) -> Iterator[Found]:
    """Yield the metrics of a line; other lines, and directives that name what is not there, give none."""
    try:
        document = json.loads(line)
    except ValueError:
        return
    metadata = document.get("_aws") if isinstance(document, dict) else None
    if isinstance(metadata, dict):
        for directive in metadata.get("CloudWatchMetrics") or []:
            yield from _of_directive(document, directive)


def _of_directive(document: Record, directive: Record) -> Iterator[Found]:
    for names in directive.get("Dimensions") or [[]]:
        if any(name not in document for name in names):
            continue
        dimensions = {name: str(document[name]) for name in names}
        for metric in directive.get("Metrics") or []:
            for value in _values(document.get(metric["Name"])):
                yield Found(directive["Namespace"], metric["Name"], value, metric.get("Unit", "None"), dimensions)


def _values(value: object) -> list[float]:
    """Return the numbers of a metric, which may be one or a list."""
    listed = value if isinstance(value, list) else [value]
    return [float(one) for one in listed if isinstance(one, int | float) and not isinstance(one, bool)]

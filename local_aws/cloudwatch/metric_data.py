"""Metrics on their way in and out: those that log events carry, and GetMetricData by the clock of the local AWS.

In:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
Out: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html: `ScanBy` is
TimestampDescending when it is left out. Stock always answers oldest first, and a minute of its periods is one of ours.
"""

import copy
import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NamedTuple

from local_aws.clock import Clock
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import cloudwatch

MARK = '"_aws"'  # what every such line has; most lines are spared the parsing


class Found(NamedTuple):
    """One value of one metric, as a log line carries it."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: dict[str, str]


def extract(line: str) -> None:
    """Put the metrics that a log line carries, if any."""
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
    return [float(number) for number in listed if isinstance(number, int | float) and not isinstance(number, bool)]


SHORTEST_PERIOD = 1


def install(clock: Clock) -> None:
    """Let GetMetricData answer by the clock, in the two encodings that boto3 may use."""
    cloudwatch.get_metric_data.wrap(lambda stock: _by_the_clock(stock, clock))


def _by_the_clock(stock: Callable[..., Any], clock: Clock) -> Callable[..., Any]:
    @wraps(stock)
    def answer(params: Record, request: Record, is_cbor: bool, is_json: bool = False) -> Any:
        if not (is_cbor or is_json):
            return stock(params, request, is_cbor, is_json)
        status, headers, body = stock(params, _with_real_periods(request, clock), False, is_json=True)
        if status >= 400:
            return status, headers, body
        results = json.loads(body)["MetricDataResults"]
        if request.get("ScanBy") != "TimestampAscending":
            results = [_newest_first(result) for result in results]
        if is_json:
            return cloudwatch.json_answer({"MetricDataResults": results})
        return cloudwatch.cbor_answer({"MetricDataResults": [cloudwatch.cbor_result(result) for result in results]})

    return answer


def _with_real_periods(request: Record, clock: Clock) -> Record:
    scaled = copy.deepcopy(request)
    for query in scaled.get("MetricDataQueries") or []:
        if statistic := query.get("MetricStat"):
            statistic["Period"] = max(SHORTEST_PERIOD, round(clock.real(float(statistic.get("Period") or 60))))
    return scaled


def _newest_first(result: Record) -> Record:
    return result | {name: (result.get(name) or [])[::-1] for name in ("Timestamps", "Values")}

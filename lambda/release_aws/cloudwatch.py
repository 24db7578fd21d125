"""Reads what CloudWatch knows of a component: its alarms, the logs of its containers, and its metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html and API_GetMetricData.html;
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from release_aws.clients import AWS_ERRORS, AwsClient
from release_engine.check import Reading
from release_engine.gate_limits import Check
from release_engine.model import MetricsHome


class Alarms:
    """Reads the alarms that watch a component."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def states(self, prefix: str) -> dict[str, str]:
        """Map each metric or composite alarm whose name begins with `prefix` to its state."""
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        return {
            alarm["AlarmName"]: alarm["StateValue"]
            for page in pages
            for alarm in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
        }


class Logs:
    """Reads what containers wrote."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def last_lines(self, group: str, stream: str, count: int) -> list[str]:
        """Return the last `count` lines, in the order in which they were written."""
        page = self._client.get_log_events(logGroupName=group, logStreamName=stream, limit=count, startFromHead=False)
        return [event["message"].rstrip() for event in page["events"]]


_PERIOD = 60  # seconds; what the components report has no finer resolution
_USUAL = timedelta(hours=1)  # before a release: what was usual in it, the new version is compared with
_BACK = timedelta(minutes=3)  # how old the newest data may be: it takes CloudWatch a minute or two to know it


class Metrics:
    """Reads what the components report of themselves, by the digest that reports it."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def read(self, home: MetricsHome, checks: Sequence[Check], digest: str, now: float) -> list[Reading]:
        """Return the newest value of each check, in order; what could not be read is a reading with its trouble."""
        series = self._series(home, checks, digest, now, _BACK)
        return [
            Reading(trouble=values) if isinstance(values, str) else Reading(next(iter(values), None))
            for values in series
        ]

    def usual(self, home: MetricsHome, checks: Sequence[Check], digest: str, until: float) -> list[Reading]:
        """Return the median of each check in the hour before `until`, in order."""
        series = self._series(home, checks, digest, until, _USUAL)
        return [
            Reading(trouble=values) if isinstance(values, str) else Reading(median(values) if values else None)
            for values in series
        ]

    def _series(
        self, home: MetricsHome, checks: Sequence[Check], digest: str, now: float, back: timedelta
    ) -> list[Sequence[float] | str]:
        """Return the values of each check, newest first, or a text that says why they could not be read."""
        if not checks:
            return []
        end = datetime.fromtimestamp(now, UTC)
        try:
            answer = self._client.get_metric_data(
                MetricDataQueries=[_query(home, check, digest, index) for index, check in enumerate(checks)],
                StartTime=end - back,
                EndTime=end + timedelta(seconds=1),
                ScanBy="TimestampDescending",
            )
        except AWS_ERRORS as error:
            return [str(error)] * len(checks)
        results = {result["Id"]: result for result in answer["MetricDataResults"]}
        return [_values(results.get(f"m{index}")) for index in range(len(checks))]


def _query(home: MetricsHome, check: Check, digest: str, index: int) -> dict[str, Any]:
    dimensions = {"Environment": home.environment, "Digest": digest}
    metric = {
        "Namespace": home.namespace,
        "MetricName": check.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    return {"Id": f"m{index}", "MetricStat": {"Metric": metric, "Period": _PERIOD, "Stat": check.statistic}}


def _values(result: Mapping[str, Any] | None) -> Sequence[float] | str:
    if result is None or result.get("StatusCode") in ("InternalError", "Forbidden"):
        return f"CloudWatch answered {(result or {}).get('StatusCode', 'nothing')}"
    return [float(value) for value in result["Values"]]

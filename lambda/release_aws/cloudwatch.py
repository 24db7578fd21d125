"""What CloudWatch knows of a component: its alarms, the logs of its containers, and its metrics.

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
    """The alarms that watch a component."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def states(self, prefix: str) -> dict[str, str]:
        """Name to state, of metric and composite alarms whose name begins with `prefix`."""
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        return {
            alarm["AlarmName"]: alarm["StateValue"]
            for page in pages
            for alarm in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
        }


class Logs:
    """What containers wrote."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def last_lines(self, group: str, stream: str, count: int) -> list[str]:
        """In the order in which they were written."""
        found = self._client.get_log_events(logGroupName=group, logStreamName=stream, limit=count, startFromHead=False)
        return [event["message"].rstrip() for event in found["events"]]


_PERIOD = 60  # seconds; what the components report has no finer resolution
_USUAL = timedelta(hours=1)  # before a release, that is what its version is compared with
_BACK = timedelta(minutes=3)  # how old the newest data may be: it takes CloudWatch a minute or two to know it


class Metrics:
    """What the components report of themselves, by the digest that reports it."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def read(self, home: MetricsHome, checks: Sequence[Check], digest: str, now: float) -> list[Reading]:
        """The newest value of each, in order; what could not be read is a reading with its trouble."""
        series = self._series(home, checks, digest, now, _BACK)
        return [Reading(trouble=one) if isinstance(one, str) else Reading(next(iter(one), None)) for one in series]

    def usual(self, home: MetricsHome, checks: Sequence[Check], digest: str, until: float) -> list[Reading]:
        """The median of each in the hour before."""
        series = self._series(home, checks, digest, until, _USUAL)
        return [
            Reading(trouble=one) if isinstance(one, str) else Reading(median(one) if one else None) for one in series
        ]

    def _series(
        self, home: MetricsHome, checks: Sequence[Check], digest: str, now: float, back: timedelta
    ) -> list[Sequence[float] | str]:
        """The newest value first; a text says why there is nothing to be read."""
        if not checks:
            return []
        end = datetime.fromtimestamp(now, UTC)
        try:
            answer = self._client.get_metric_data(
                MetricDataQueries=[_query(home, check, digest, place) for place, check in enumerate(checks)],
                StartTime=end - back,
                EndTime=end + timedelta(seconds=1),
                ScanBy="TimestampDescending",
            )
        except AWS_ERRORS as error:
            return [str(error)] * len(checks)
        found = {one["Id"]: one for one in answer["MetricDataResults"]}
        return [_values(found.get(f"m{place}")) for place in range(len(checks))]


def _query(home: MetricsHome, check: Check, digest: str, place: int) -> dict[str, Any]:
    dimensions = {"Environment": home.environment, "Digest": digest}
    metric = {
        "Namespace": home.namespace,
        "MetricName": check.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    return {"Id": f"m{place}", "MetricStat": {"Metric": metric, "Period": _PERIOD, "Stat": check.statistic}}


def _values(result: Mapping[str, Any] | None) -> Sequence[float] | str:
    if result is None or result.get("StatusCode") in ("InternalError", "Forbidden"):
        return f"CloudWatch answered {(result or {}).get('StatusCode', 'nothing')}"
    return [float(value) for value in result["Values"]]

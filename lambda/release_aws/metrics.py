"""Metrics of CloudWatch. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from release_aws.clients import AWS_ERRORS, AwsClient
from release_engine.metric_check import MetricCheck, Reading
from release_engine.model import MetricsHome

_PERIOD = 60  # seconds; what the components report has no finer resolution
_BACK = timedelta(minutes=3)  # how old the newest data may be: it takes CloudWatch a minute or two to know it


class Metrics:
    """What the components report of themselves, by the digest that reports it."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def read(self, home: MetricsHome, checks: Sequence[MetricCheck], digest: str, now: float) -> list[Reading]:
        """The newest value of each, in order; what could not be read is a reading with its trouble."""
        if not checks:
            return []
        end = datetime.fromtimestamp(now, UTC)
        try:
            answer = self._client.get_metric_data(
                MetricDataQueries=[_query(home, check, digest, place) for place, check in enumerate(checks)],
                StartTime=end - _BACK,
                EndTime=end + timedelta(seconds=1),
                ScanBy="TimestampDescending",
            )
        except AWS_ERRORS as error:
            return [Reading(trouble=str(error))] * len(checks)
        found = {one["Id"]: one for one in answer["MetricDataResults"]}
        return [_reading(found.get(f"m{place}")) for place in range(len(checks))]


def _query(home: MetricsHome, check: MetricCheck, digest: str, place: int) -> dict[str, Any]:
    dimensions = {"Environment": home.environment, "Digest": digest}
    metric = {
        "Namespace": home.namespace,
        "MetricName": check.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    return {"Id": f"m{place}", "MetricStat": {"Metric": metric, "Period": _PERIOD, "Stat": check.statistic}}


def _reading(result: Mapping[str, Any] | None) -> Reading:
    if result is None or result.get("StatusCode") in ("InternalError", "Forbidden"):
        return Reading(trouble=f"CloudWatch answered {(result or {}).get('StatusCode', 'nothing')}")
    values = result["Values"]
    return Reading(value=float(values[0])) if values else Reading()

"""What containers report in their logs, and what GetMetricData says of it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_aws.cloudwatch import metric_data
from local_aws.server import LocalAws
from tests.local_aws import contracts


def line(namespace: str = "Test", **more: Any) -> str:
    directive = {
        "Namespace": namespace,
        "Dimensions": [["Environment"], ["Environment", "Digest"]],
        "Metrics": [{"Name": "ConsumerLag", "Unit": "Seconds"}],
    }
    members = {"Environment": "test", "Digest": "sha256:a", "ConsumerLag": 2.5}
    return json.dumps({"_aws": {"Timestamp": 0, "CloudWatchMetrics": [directive]}, **members, **more})


def test_a_line_gives_each_metric_once_for_each_set_of_dimensions() -> None:
    """ "MetricDirective object" and "DimensionSet array" of the specification."""
    metrics = list(metric_data.metrics_in(line()))
    assert [(metric.name, metric.value, metric.unit) for metric in metrics] == [("ConsumerLag", 2.5, "Seconds")] * 2
    assert [metric.dimensions for metric in metrics] == [
        {"Environment": "test"},
        {"Environment": "test", "Digest": "sha256:a"},
    ]


def test_a_metric_may_have_several_values() -> None:
    assert [metric.value for metric in metric_data.metrics_in(line(ConsumerLag=[1, 2]))] == [1.0, 2.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "text",
    ["started", "{", '["_aws"]', '{"_aws": 1}', '{"_aws": {}}', line(ConsumerLag="many"), line(ConsumerLag=None)],
)
def test_any_other_line_is_a_line_and_no_more(text: str) -> None:
    assert list(metric_data.metrics_in(text)) == []


def test_a_dimension_that_the_line_does_not_have_leaves_out_its_set() -> None:
    without = json.loads(line())
    del without["Digest"]
    metrics = list(metric_data.metrics_in(json.dumps(without)))
    assert [metric.dimensions for metric in metrics] == [{"Environment": "test"}]


def asked(aws: LocalAws, namespace: str, **more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    metric = {
        "Namespace": namespace,
        "MetricName": "Depth",
        "Dimensions": [{"Name": "Digest", "Value": "sha256:a"}],
    }
    client = aws.client("cloudwatch")
    answer = client.get_metric_data(
        MetricDataQueries=[{"Id": "m0", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}],
        StartTime=now - timedelta(minutes=3),
        EndTime=now + timedelta(seconds=1),
        **more,
    )
    shape = client.meta.service_model.operation_model("GetMetricData").output_shape
    told = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    assert list(contracts.deviations(shape, _plain(told), "GetMetricData")) == []
    result: dict[str, Any] = answer["MetricDataResults"][0]
    return result


def _plain(value: Any) -> Any:
    """Times as numbers, which is what travels."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.timestamp() if isinstance(value, datetime) else value


def test_the_newest_value_comes_first_and_a_period_is_as_short_as_the_clock_says(aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
    for value in (7.0, 3.0):
        data = {"MetricName": "Depth", "Value": value, "Dimensions": [{"Name": "Digest", "Value": "sha256:a"}]}
        aws.client("cloudwatch").put_metric_data(Namespace="Order", MetricData=[data])
        time.sleep(1.1)
    assert asked(aws, "Order")["Values"] == [3.0, 7.0]
    assert asked(aws, "Order", ScanBy="TimestampAscending")["Values"] == [7.0, 3.0]


def test_f34_a_metric_that_nobody_reports_has_no_values(aws: LocalAws) -> None:
    assert asked(aws, "Nobody")["Values"] == []

"""GetMetricData with the periods of the clock of the local AWS, newest first unless asked otherwise.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html: `ScanBy` is
TimestampDescending when it is left out. Stock always answers oldest first, and a minute of its periods is one of ours.
"""

import copy
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from local_aws.clock import Clock
from local_aws.ministack_parts.services import cloudwatch

Record = dict[str, Any]
SHORTEST_PERIOD = 1


def install(clock: Clock) -> None:
    """Wraps the action, in the two encodings that boto3 may use."""
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
        return cloudwatch.cbor_answer({"MetricDataResults": [cloudwatch.cbor_result(one) for one in results]})

    return answer


def _with_real_periods(request: Record, clock: Clock) -> Record:
    scaled = copy.deepcopy(request)
    for query in scaled.get("MetricDataQueries") or []:
        if statistic := query.get("MetricStat"):
            statistic["Period"] = max(SHORTEST_PERIOD, round(clock.real(float(statistic.get("Period") or 60))))
    return scaled


def _newest_first(result: Record) -> Record:
    return result | {name: (result.get(name) or [])[::-1] for name in ("Timestamps", "Values")}

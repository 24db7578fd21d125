"""ministack's CloudWatch: metrics, alarms and their actions."""

from collections.abc import Callable, MutableMapping
from typing import Any

from ministack.services import cloudwatch as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Replaceable, Store

MetricKey = tuple[str, str, str]  # namespace, name, dimensions as `dimensions_key` writes them

# By name.
alarms: Store = stock._alarms
composite_alarms: Store = stock._composite_alarms

# Datapoints: {"Timestamp", "Value", "Count", "Unit", "Dimensions"}, the oldest first.
metrics: MutableMapping[MetricKey, list[Record]] = stock._metrics
dimensions_key: Callable[[dict[str, str]], str] = stock._dims_key
datapoints: Callable[[MetricKey], list[Record]] = stock._metric_bucket  # the list to append to
evict_old_metrics: Replaceable[[], None] = Replaceable(stock, "_evict_old_metrics")  # called before each action
record_metric: Callable[..., None] = stock.record_metric
statistics: Callable[[list[Record]], Record] = stock._calc_stats
statistic: Callable[[Record, str, list[Record]], float | None] = stock._stat_value

# What happens to an alarm.
evaluate_alarm: Replaceable[[Record], None] = Replaceable(stock, "_evaluate_alarm")
dispatch_alarm_actions: Replaceable[[Record, str, str, str], None] = Replaceable(stock, "_dispatch_alarm_actions")
record_history: Callable[[str, str, str, str], None] = stock._record_history
evaluate_parent_alarms: Callable[[Record], None] = stock._evaluate_parent_alarms
keep_metric_alarm: Callable[[Record], None] = stock.cloudformation_put_metric_alarm

# Actions of the API: (parameters of the query API, body, is it CBOR, is_json=...).
put_metric_alarm: Replaceable[..., Response] = Replaceable(stock, "_put_metric_alarm")
put_composite_alarm: Replaceable[..., Response] = Replaceable(stock, "_put_composite_alarm")
delete_alarms: Replaceable[..., Response] = Replaceable(stock, "_delete_alarms")
get_metric_data: Replaceable[..., Response] = Replaceable(stock, "_get_metric_data")

# Answers in the encodings that boto3 may use.
json_answer: Callable[[Record], Response] = stock._json_ok
cbor_answer: Callable[[Record], Response] = stock._cbor_ok
cbor_result: Callable[[Record], Any] = stock._cbor_metric_data_result
error_answer: Callable[..., Response] = stock._error

"""CloudWatch alarms as documented: by dimension, period after period, with missing data and metric math.

Stock looks at every dimension at once, and only when a metric is put. Periods run by the clock of the local AWS.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
One deviation: an alarm that never had data and does not say how to treat that keeps its state, so SetAlarmState holds.

Of metric math there is what alarms here use: arithmetic, comparisons, FILL and IF.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import logging
import operator
import threading
from collections.abc import Callable
from functools import wraps
from time import time
from typing import Any

from local_aws.clock import Clock
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record, request_scope
from local_aws.ministack_parts.services import cloudformation, cloudwatch

Value = float | None
Lookup = Callable[[str], Value]
BINARY: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class UnsupportedError(ValueError):
    """An expression that is not imitated here."""


def evaluate(expression: str, lookup: Lookup) -> Value:
    """Return the expression's value in one period; None where a datapoint is missing, or the division is by zero."""
    try:
        return _value(ast.parse(expression, mode="eval").body, lookup)
    except SyntaxError as wrong:
        raise UnsupportedError(f"metric math {expression!r}: {wrong.msg}") from wrong


def _value(node: ast.AST, lookup: Lookup) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return lookup(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _applied(operator.sub, 0.0, _value(operand, lookup))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in BINARY:
            return _applied(BINARY[type(sign)], _value(left, lookup), _value(right, lookup))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _applied(BINARY[type(sign)], _value(left, lookup), _value(right, lookup))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in FUNCTIONS:
            return FUNCTIONS[name](arguments, lookup)
    raise UnsupportedError(f"metric math {ast.unparse(node)!r} is not imitated here")


def _applied(sign: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    try:
        return float(sign(left, right))
    except ZeroDivisionError:
        return None


def _fill(arguments: list[Any], lookup: Lookup) -> Value:
    value = _value(arguments[0], lookup)
    return value if value is not None else _value(arguments[1], lookup)


def _if(arguments: list[Any], lookup: Lookup) -> Value:
    condition = _value(arguments[0], lookup)
    if condition is None:
        return None
    if condition:
        return _value(arguments[1], lookup)
    return _value(arguments[2], lookup) if len(arguments) > 2 else None


FUNCTIONS: dict[str, Callable[[list[Any], Lookup], Value]] = {"FILL": _fill, "IF": _if}


SHORTEST_PERIOD = 0.5
OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_log = logging.getLogger("local_aws.alarms")


class Alarms:
    """Evaluates every metric alarm once a minute of the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="alarms")

    def start(self) -> None:
        cloudwatch.evaluate_alarm.replace(self.evaluate)
        cloudformation.metric_alarm_record.wrap(_with_math)
        cloudwatch.put_metric_alarm.wrap(_as_in_templates)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join(timeout=2)

    def evaluate(self, alarm: Record) -> None:
        """Move the alarm to the state that its last periods call for."""
        if alarm["ComparisonOperator"] not in COMPARISONS:
            return
        periods = int(alarm["EvaluationPeriods"])
        points = [self._point(alarm, age) for age in range(periods, 0, -1)]
        if any(point is not None for point in points):
            self._seen.add(alarm["AlarmName"])
        state = _state(alarm, points, silent=alarm["AlarmName"] not in self._seen)
        if state is not None and state != alarm["StateValue"]:
            _move(alarm, state, _reason(alarm, state, points))

    def _run(self) -> None:
        with request_scope(embedding.ACCOUNT, embedding.REGION):
            while not self._closed.wait(max(self._clock.real(60), SHORTEST_PERIOD)):
                for alarm in list(cloudwatch.alarms.values()):
                    self._guarded(alarm)

    def _guarded(self, alarm: Record) -> None:
        """Evaluate an alarm at the edge of the thread: one that can't be evaluated must not silence the others."""
        try:
            self.evaluate(alarm)
        except Exception:  # noqa: BLE001  (logged; the alarm keeps its state)
            _log.exception("alarm %s", alarm["AlarmName"])

    def _point(self, alarm: Record, age: int) -> Value:
        """Return the value of the whole period that ended `age - 1` periods ago."""
        metrics = {metric["Id"]: metric for metric in alarm.get("Metrics") or []}
        if not metrics:
            return self._measured(alarm | {"Stat": alarm.get("ExtendedStatistic") or alarm["Statistic"]}, age)

        def lookup(name: str) -> Value:
            metric = metrics[name]
            if expression := metric.get("Expression"):
                return evaluate(expression, lookup)
            stat = metric["MetricStat"]
            return self._measured(stat["Metric"] | {"Period": stat["Period"], "Stat": stat["Stat"]}, age)

        returned = [metric["Id"] for metric in metrics.values() if metric["ReturnData"]]
        return lookup(returned[0])

    def _measured(self, metric: Record, age: int) -> Value:
        period = max(self._clock.real(float(metric["Period"])), SHORTEST_PERIOD)
        end = time() // period * period - (age - 1) * period
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions") or []}
        key = (metric["Namespace"], metric["MetricName"], cloudwatch.dimensions_key(dimensions))
        points = [p for p in cloudwatch.metrics.get(key) or [] if end - period <= p["Timestamp"] < end]
        if not points:
            return None
        return cloudwatch.statistic(cloudwatch.statistics(points), metric["Stat"], points)


def _state(alarm: Record, points: list[Value], *, silent: bool) -> str | None:
    """Return the state that the datapoints call for; None when the alarm keeps the state that it has."""
    treatment = alarm.get("TreatMissingData") or "missing"
    present = [point for point in points if point is not None]
    if not present and treatment in ("missing", "ignore"):
        return None if treatment == "ignore" or silent else "INSUFFICIENT_DATA"
    holds, _ = COMPARISONS[alarm["ComparisonOperator"]]
    breaching = sum(holds(point, alarm["Threshold"]) for point in present)
    if treatment == "breaching":
        breaching += len(points) - len(present)
    return "ALARM" if breaching >= int(alarm.get("DatapointsToAlarm") or len(points)) else "OK"


def _reason(alarm: Record, state: str, points: list[Value]) -> str:
    """Return the reason in the words of CloudWatch's own history."""
    present = [point for point in points if point is not None]
    if not present:
        return f"Threshold Crossed: no datapoints were received for {len(points)} periods"
    _, words = COMPARISONS[alarm["ComparisonOperator"]]
    was = "was" if state == "ALARM" else "was not"
    return f"Threshold Crossed: {len(present)} datapoints {present} {was} {words} the threshold ({alarm['Threshold']})."


def _move(alarm: Record, state: str, reason: str) -> None:
    former = alarm["StateValue"]
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time()))
    cloudwatch.record_history(alarm["AlarmName"], former, state, reason)
    cloudwatch.dispatch_alarm_actions(alarm, former, state, reason)
    cloudwatch.evaluate_parent_alarms(alarm)


def _with_math(stock: Any) -> Any:
    """Let an alarm of a template keep its `Metrics`, with expressions that are checked at once.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
    """

    @wraps(stock)
    def record(name: str, properties: Record) -> Record:
        metrics = properties.get("Metrics")
        if not metrics:
            kept: Record = stock(name, properties)
            return kept
        for metric in metrics:
            if metric.get("Expression"):
                evaluate(metric["Expression"], lambda _: 1.0)
        plain = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm: Record = stock(name, plain | {"MetricName": "-", "Namespace": "-"})
        return {key: value for key, value in alarm.items() if key not in OF_ONE_METRIC} | {"Metrics": _typed(metrics)}

    return record


def _as_in_templates(stock: Any) -> Any:
    """Let PutMetricAlarm keep `Metrics`, which ministack drops; an alarm that exists already keeps its state.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """

    @wraps(stock)
    def put(params: Record, body: Record, is_cbor: bool, is_json: bool = False) -> Any:
        if not body.get("Metrics"):
            return stock(params, body, is_cbor, is_json)
        try:
            alarm = cloudformation.metric_alarm_record(body["AlarmName"], body)
        except UnsupportedError as problem:
            return cloudwatch.error_answer("ValidationError", str(problem), 400, use_json=is_json, use_cbor=is_cbor)
        cloudwatch.keep_metric_alarm(alarm)
        return cloudwatch.cbor_answer({}) if is_cbor else cloudwatch.json_answer({})

    return put


def _typed(metrics: list[Record]) -> list[Record]:
    """Return the metrics with numbers and booleans, which a template may write as text."""
    typed = []
    for metric in metrics:
        returned: Record = {"ReturnData": str(metric.get("ReturnData", True)).lower() == "true"}
        if stat := metric.get("MetricStat"):
            returned["MetricStat"] = stat | {"Period": int(stat["Period"])}
        typed.append(metric | returned)
    return typed

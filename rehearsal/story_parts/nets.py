"""Switches off each of the three nets, as a careless operator or an intruder would, and puts it back afterwards.

The product has no switch for that: it is a layer of the gate's function, disabled rules, and thresholds that nothing
exceeds.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from rehearsal.commands import wait_until
from rehearsal.stage import Stage
from rehearsal.story_parts import tampered_gate
from rehearsal.story_parts.account import GATE, WATCH, changed, find_function, invoke_named
from rehearsal.story_parts.story import Promise

LAYER = "waved-through"
DEAF = 1e9  # no share of errors, no latency and no number of ill targets is larger
NO_DEPLOYMENT = "arn:aws:ecs:us-west-2:000000000000:service-deployment/nowhere/nothing/none"
_KEPT = frozenset(("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit"))
_SETTINGS = _KEPT | {
    *("AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
    *("EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Metrics"),
}


@contextmanager
def gate_without(stage: Stage, what: str) -> Iterator[None]:
    """Make a part of the gate let everything through until the block is left.

    `what` is hook, test_traffic, bake or either (hook and bake): a handler of tampered_gate.py.
    """
    client = stage.client("lambda")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(tampered_gate.__file__, "python/tampered_gate.py")
    layer = client.publish_layer_version(LayerName=LAYER, Content={"ZipFile": content.getvalue()})
    try:
        with changed(stage, GATE, Handler=f"tampered_gate.without_{what}", Layers=[layer["LayerVersionArn"]]):
            yield
    finally:
        client.delete_layer_version(LayerName=LAYER, VersionNumber=layer["Version"])


@contextmanager
def without_watch(stage: Stage) -> Iterator[None]:
    """Disable the rules of EventBridge that start the watch, until the block is left."""
    events, names = stage.client("events"), _rules(stage)
    for name in names:
        events.disable_rule(Name=name)
    try:
        yield
    finally:
        for name in names:
            events.enable_rule(Name=name)


@contextmanager
def without_alarms(stage: Stage, component: str) -> Iterator[None]:
    """Set the thresholds of the component's alarms where nothing reaches them, until the block is left."""
    cloudwatch, former = stage.client("cloudwatch"), _alarms(stage, component)
    for alarm in former:
        deaf = -DEAF if alarm["ComparisonOperator"].startswith("Less") else DEAF
        cloudwatch.put_metric_alarm(**{**_settings(alarm), "Threshold": deaf})
    try:
        yield
    finally:
        for alarm in former:
            cloudwatch.put_metric_alarm(**_settings(alarm))


@contextmanager
def switched_off(stage: Stage, *, gate: str, watch: bool, alarms_of: str | None = None) -> Iterator[None]:
    """Switch off several nets at once, until the block is left; `gate` is a part of it, as in `gate_without`."""
    with ExitStack() as nets:
        nets.enter_context(gate_without(stage, gate))
        if watch:
            nets.enter_context(without_watch(stage))
        if alarms_of:
            nets.enter_context(without_alarms(stage, alarms_of))
        yield


def gate_of(stage: Stage) -> str:
    """Return the name of the gate's function; call it before `gate_without`, which changes the function's handler."""
    return str(find_function(stage, GATE)["FunctionName"])


def hook_promise(stage: Stage, gate: str, *, on: bool) -> Promise:
    """Promise that the gate's hook is on or off.

    It is asked about a deployment that does not exist: the real one says FAILED, for it can't judge it.
    """
    answer = invoke_named(stage, gate, {"lifecycleStage": tampered_gate.TEST_TRAFFIC, "resourceArn": NO_DEPLOYMENT})
    status = str(answer.get("hookStatus"))
    return _promise("hook", on=on, off=status == "SUCCEEDED", seen=f"asked about no deployment it says {status}")


def bake_promise(stage: Stage, gate: str, *, on: bool) -> Promise:
    """Promise that the gate's bake is on or off.

    It is asked about a component that does not exist: the real one has no verdict.
    """
    verdict = str(invoke_named(stage, gate, {"state": {"component": "nothing"}}).get("verdict"))
    return _promise("bake", on=on, off=verdict == "PASS", seen=f"asked about no component its verdict is {verdict}")


def watch_promise(stage: Stage, *, on: bool) -> Promise:
    """Promise that EventBridge follows the rules that start the watch, or that all are disabled."""
    states = {name: stage.client("events").describe_rule(Name=name)["State"] for name in _rules(stage)}
    off = bool(states) and set(states.values()) == {"DISABLED"}
    return _promise("watch", on=on, off=off, seen=", ".join(f"{name[-20:]} {state}" for name, state in states.items()))


def alarms_promise(stage: Stage, component: str, *, on: bool) -> Promise:
    """Promise that an alarm of the component has a threshold within reach, or that none has."""
    limits = {alarm["AlarmName"]: alarm["Threshold"] for alarm in _alarms(stage, component)}
    off = bool(limits) and all(abs(limit) == DEAF for limit in limits.values())
    seen = ", ".join(f"{name} {limit:g}" for name, limit in limits.items())
    return _promise(f"alarming of {component}", on=on, off=off, seen=seen)


def wait_for_quiet(stage: Stage, component: str) -> None:
    """Wait until no alarm of the component is red: each still sees the last minutes of a bad version."""
    what = f"the alarms of {component} are quiet"
    wait_until(lambda: all(alarm["StateValue"] != "ALARM" for alarm in _alarms(stage, component)), what)


def _promise(net: str, *, on: bool, off: bool, seen: str) -> Promise:
    return Promise(f"the {net} {'is on' if on else 'is really off'}", off is not on, seen)


def _rules(stage: Stage) -> Sequence[str]:
    function = find_function(stage, WATCH)["FunctionArn"]
    names: list[str] = stage.client("events").list_rule_names_by_target(TargetArn=function)["RuleNames"]
    return names


def _alarms(stage: Stage, component: str) -> Sequence[Mapping[str, Any]]:
    prefix = f"{stage.settings.stack_name(component)}-"
    pages = stage.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def _settings(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """Return what PutMetricAlarm takes of an answer of DescribeAlarms; an alarm on an expression has no metric."""
    own = _SETTINGS - _KEPT if alarm.get("Metrics") else _SETTINGS - {"Metrics"}
    return {key: value for key, value in alarm.items() if key in own and value not in (None, "", [])}

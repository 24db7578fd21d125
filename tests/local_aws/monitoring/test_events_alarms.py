"""Events of AWS services reach the rules, and alarms go off by dimension, period and missing data.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
"""

import json
import time
import uuid
from typing import Any

import pytest

from local_aws.cloudwatch.alarms import UnsupportedError, evaluate
from local_aws.elastic_load_balancing import load_balancer_metrics
from local_aws.eventbridge import events
from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.ecs.sample_services import wait_for
from tests.local_aws.elastic_load_balancing.sample_targets import Target, asked_all_the_while
from tests.local_aws.elastic_load_balancing.test_load_balancer import Front, front, pair


@pytest.fixture
def queue(aws: LocalAws) -> tuple[str, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"events-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def rule(aws: LocalAws, pattern: dict[str, Any], target: str) -> None:
    name, api = f"rule-{uuid.uuid4().hex[:8]}", aws.client("events")
    api.put_rule(Name=name, EventPattern=json.dumps(pattern))
    api.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])


def received(aws: LocalAws, url: str) -> dict[str, Any]:
    messages = wait_for(lambda: aws.client("sqs").receive_message(QueueUrl=url).get("Messages", []), bool)
    event: dict[str, Any] = json.loads(messages[0]["Body"])
    return event


def test_event_of_a_service_reaches_a_rule_on_the_default_bus(aws: LocalAws, queue: tuple[str, str]) -> None:
    url, arn = queue
    rule(aws, {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}}, arn)
    events.emit("aws.ecs", "ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_FAILED"}, ["arn:service"])
    event = received(aws, url)
    assert event["detail-type"] == "ECS Deployment State Change"
    assert (event["source"], event["resources"], event["region"]) == ("aws.ecs", ["arn:service"], "us-west-2")


def test_alarm_that_changes_state_is_an_event(aws: LocalAws, queue: tuple[str, str]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html"""
    url, arn = queue
    name, cloudwatch = f"alarm-{uuid.uuid4().hex[:8]}", aws.client("cloudwatch")
    rule(aws, {"source": ["aws.cloudwatch"], "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}}}, arn)
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Tests",
        MetricName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    detail = received(aws, url)["detail"]
    assert (detail["state"]["value"], detail["state"]["reason"]) == ("ALARM", "a test")
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"


def test_event_starts_a_state_machine(aws: LocalAws) -> None:
    name, machines = f"machine-{uuid.uuid4().hex[:8]}", aws.client("stepfunctions")
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    arn = machines.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/machine"
    )["stateMachineArn"]
    rule(aws, {"source": ["aws.tests"], "detail": {"name": [name]}}, arn)
    events.emit("aws.tests", "Tried", {"name": name})
    executions = wait_for(lambda: machines.list_executions(stateMachineArn=arn)["executions"], bool)
    started = json.loads(machines.describe_execution(executionArn=executions[0]["executionArn"])["input"])
    assert started["detail"] == {"name": name}


__all__ = ["front", "pair"]


class Alarm:
    """One alarm over one metric with one dimension."""

    def __init__(self, aws: LocalAws, **settings: Any) -> None:
        self.name, self.client = f"alarm-{uuid.uuid4().hex[:8]}", aws.client("cloudwatch")
        self.metric = {"MetricName": self.name, "Dimensions": [{"Name": "Service", "Value": "web"}]}
        defaults = {
            "Namespace": "Tests",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        self.client.put_metric_alarm(AlarmName=self.name, **(defaults | self.metric | settings))

    def put(self, value: float, service: str = "web") -> None:
        dimensions = [{"Name": "Service", "Value": service}]
        data = [{"MetricName": self.name, "Dimensions": dimensions, "Value": value}]
        self.client.put_metric_data(Namespace="Tests", MetricData=data)

    def state(self) -> str:
        return str(self.client.describe_alarms(AlarmNames=[self.name])["MetricAlarms"][0]["StateValue"])

    def becomes(self, state: str, *, putting: float | None = None) -> None:
        """Wait for the state; `putting` reports this value all the while, since a state may last one period only."""

        def look() -> str:
            if putting is not None:
                self.put(putting)
            return self.state()

        wait_for(look, lambda seen: seen == state)


def test_alarm_goes_off_and_recovers_by_the_clock(aws: LocalAws) -> None:
    alarm = Alarm(aws, TreatMissingData="notBreaching")
    alarm.becomes("OK")
    alarm.becomes("ALARM", putting=5)
    alarm.becomes("OK")


def test_another_dimension_does_not_set_an_alarm_off(aws: LocalAws) -> None:
    alarm = Alarm(aws, TreatMissingData="notBreaching")
    alarm.put(50, service="other")
    time.sleep(2.5)
    assert alarm.state() == "OK"


def test_f34_alarm_without_data_is_insufficient_and_not_ok(aws: LocalAws) -> None:
    """alarms-and-missing-data.html"""
    alarm = Alarm(aws)
    time.sleep(1.5)
    assert alarm.state() == "INSUFFICIENT_DATA"
    alarm.becomes("OK", putting=0)
    alarm.becomes("INSUFFICIENT_DATA")


def test_missing_data_can_be_breaching(aws: LocalAws) -> None:
    Alarm(aws, TreatMissingData="breaching").becomes("ALARM")


def test_one_of_three_periods_is_not_enough(aws: LocalAws) -> None:
    alarm = Alarm(aws, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    alarm.put(5)
    time.sleep(2.5)
    assert alarm.state() == "OK"


def test_template_may_alarm_on_an_expression(aws: LocalAws) -> None:
    """aws-resource-cloudwatch-alarm.html (Metrics)"""
    stack, name = Stack(aws.client("cloudformation")), f"alarm-{uuid.uuid4().hex[:8]}"

    def metric(identity: str) -> dict[str, Any]:
        stat = {"Metric": {"Namespace": "Tests", "MetricName": f"{name}-{identity}"}, "Period": 60, "Stat": "Sum"}
        return {"Id": identity, "MetricStat": stat, "ReturnData": False}

    properties = {
        "AlarmName": name,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 10,
        "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "rate", "Expression": "100 * errors / requests", "ReturnData": "true"},
            metric("errors"),
            metric("requests"),
        ],
    }
    stack.create({"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}})
    cloudwatch = aws.client("cloudwatch")
    data = [{"MetricName": f"{name}-errors", "Value": 2}, {"MetricName": f"{name}-requests", "Value": 10}]
    cloudwatch.put_metric_data(Namespace="Tests", MetricData=data)
    wait_for(
        lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"],
        lambda state: state == "ALARM",
    )
    described = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert [metric["Id"] for metric in described["Metrics"] if metric["ReturnData"]] == ["rate"]
    assert "MetricName" not in described


def test_an_alarm_on_an_expression_can_be_put_again_with_another_threshold(aws: LocalAws) -> None:
    """API_PutMetricAlarm.html: the update overwrites the whole configuration; the state stays until it is evaluated."""
    client, name = aws.client("cloudwatch"), f"alarm-{uuid.uuid4().hex[:8]}"
    stat = {"Metric": {"Namespace": "Tests", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    settings: dict[str, Any] = {
        "AlarmName": name,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Metrics": [
            {"Id": "double", "Expression": "2 * FILL(single, 0)", "ReturnData": True},
            {"Id": "single", "MetricStat": stat, "ReturnData": False},
        ],
    }

    def is_in(state: str) -> None:
        answer = client.describe_alarms(AlarmNames=[name])
        wait_for(lambda: client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"], state.__eq__)
        assert answer["MetricAlarms"][0]["Metrics"] == settings["Metrics"]

    client.put_metric_alarm(**settings, Threshold=-1)
    is_in("ALARM")
    client.put_metric_alarm(**settings, Threshold=100)
    is_in("OK")
    settings["Metrics"][0]["Expression"] = "SEARCH('x', 'Sum')"
    with pytest.raises(client.exceptions.ClientError, match="not imitated"):
        client.put_metric_alarm(**settings, Threshold=1)


def test_load_balancer_counts_what_its_targets_answer(aws: LocalAws, front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"""
    pair[0].status = 500
    arn = front.elb.describe_load_balancers(Names=[front.name])["LoadBalancers"][0]["LoadBalancerArn"]
    dimensions = [
        {"Name": "LoadBalancer", "Value": arn.split("loadbalancer/")[1]},
        {"Name": "TargetGroup", "Value": load_balancer_metrics.full_name(front.blue)},
    ]
    alarm = Alarm(
        aws,
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_Target_5XX_Count",
        Dimensions=dimensions,
        Threshold=1,
        TreatMissingData="notBreaching",
    )
    latency = Alarm(
        aws,
        Namespace="AWS/ApplicationELB",
        MetricName="TargetResponseTime",
        Dimensions=dimensions,
        Threshold=0.03,
        TreatMissingData="notBreaching",
        Statistic="Maximum",
    )
    pair[0].seconds = 0.05
    with asked_all_the_while(front.url):
        alarm.becomes("ALARM")
        latency.becomes("ALARM")


def test_metric_math_keeps_missing_data_missing() -> None:
    values = {"a": 4.0, "b": 0.0}
    cases = {"a / 2": 2.0, "a / b": None, "a + c": None, "FILL(c, 1) - a": -3.0, "IF(a > 3, 1, 0)": 1.0, "-a": -4.0}
    assert {expression: evaluate(expression, values.get) for expression in cases} == cases


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a)", "SEARCH('x')", "a +"])
def test_metric_math_that_is_not_imitated_is_refused(expression: str) -> None:
    with pytest.raises(UnsupportedError):
        evaluate(expression, lambda _: 1.0)


def test_template_with_math_that_is_not_imitated_fails(aws: LocalAws) -> None:
    properties = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 10,
        "Metrics": [{"Id": "a", "Expression": "SEARCH('x', 'Sum')"}],
    }
    stack = Stack(aws.client("cloudformation"))
    body = json.loads(json.dumps({"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}))
    with pytest.raises(AssertionError, match="not imitated"):
        stack.create(body)

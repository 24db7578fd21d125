"""Events of AWS services reach the rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html"""

import json
import uuid
from typing import Any

import pytest

from local_aws.eventbridge import events
from local_aws.server import LocalAws
from tests.local_aws.ecs.sample_services import wait_for


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

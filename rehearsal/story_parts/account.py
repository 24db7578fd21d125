"""What somebody of the AWS account sees, changes and hears: functions, alarms, and what is published to people."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rehearsal.stage import Stage

GATE, WATCH = "release_handlers.health_gate.handler", "release_handlers.auto_rollback.handler"
QUEUE = "rehearsal-alerts"


def find_function(stage: Stage, handler: str) -> Mapping[str, Any]:
    """Its configuration."""
    pages = stage.client("lambda").get_paginator("list_functions").paginate()
    functions = (function for page in pages for function in page["Functions"])
    found: Mapping[str, Any] = next(one for one in functions if one.get("Handler") == handler)
    return found


@contextmanager
def changed(stage: Stage, handler: str, **changes: Any) -> Iterator[None]:
    """By UpdateFunctionConfiguration; as it was when the block is left."""
    client, function = stage.client("lambda"), find_function(stage, handler)
    client.update_function_configuration(FunctionName=function["FunctionName"], **changes)
    try:
        yield
    finally:
        former = {key: function[key] for key in changes}
        client.update_function_configuration(FunctionName=function["FunctionName"], **former)


def environment(stage: Stage, handler: str, **more: str) -> Mapping[str, Mapping[str, str]]:
    """Its environment, with something added."""
    return {"Variables": {**find_function(stage, handler)["Environment"]["Variables"], **more}}


def invoke(stage: Stage, handler: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it answers."""
    return invoke_named(stage, find_function(stage, handler)["FunctionName"], event)


def invoke_named(stage: Stage, name: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, of a function by its name."""
    answer = stage.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    told: Mapping[str, Any] = json.loads(answer["Payload"].read())
    return told


@contextmanager
def silence() -> Iterator[str]:
    """An address that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def red_alarm(stage: Stage, name: str) -> Iterator[None]:
    """An alarm of a team's own, red until the block is left. Without data it keeps its state, here as on AWS.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html ("ignore")
    """
    cloudwatch = stage.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=stage.settings.project.capitalize(),
        MetricName="FailedCheckouts",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    try:
        turn(stage, name, "ALARM")
        yield
        turn(stage, name, "OK")
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])


def turn(stage: Stage, name: str, state: str) -> None:
    """As `aws cloudwatch set-alarm-state` does; an alarm that has data comes back by itself."""
    stage.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="the rehearsal")


class Alerts:
    """Everything that was published since somebody began to listen."""

    def __init__(self, sqs: Any, queue: str) -> None:
        self._sqs, self._queue, self._heard = sqs, queue, list[str]()

    def about(self, release_id: str) -> list[str]:
        """Subject and message of each that names the release, oldest first."""
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                told = json.loads(message["Body"])
                self._heard.append(f"{told.get('Subject')}: {told['Message']}")
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return [one for one in self._heard if release_id in one]


@contextmanager
def listening(stage: Stage) -> Iterator[Alerts]:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html"""
    sns, sqs = stage.client("sns"), stage.client("sqs")
    queue = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=_topic(stage), Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    try:
        yield Alerts(sqs, queue)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)


def _topic(stage: Stage) -> str:
    """The Release stack has one."""
    name = stage.settings.stack_name("release")
    resources = stage.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    (topic,) = (one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::SNS::Topic")
    return str(topic)

"""Sees and changes what somebody of the AWS account can: functions, alarms, and what is published to people."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rehearsal.stage import Stage

GATE, WATCH = "release_handlers.health_gate.handler", "release_handlers.auto_rollback.handler"
QUEUE = "rehearsal-alerts"


def find_function(stage: Stage, handler: str) -> Mapping[str, Any]:
    """Return the configuration of the function with this handler."""
    pages = stage.client("lambda").get_paginator("list_functions").paginate()
    functions = (function for page in pages for function in page["Functions"])
    configuration: Mapping[str, Any] = next(function for function in functions if function.get("Handler") == handler)
    return configuration


@contextmanager
def changed(stage: Stage, handler: str, **changes: Any) -> Iterator[None]:
    """Change the configuration of the function with this handler until the block is left.

    `changes` are arguments of UpdateFunctionConfiguration.
    """
    client, function = stage.client("lambda"), find_function(stage, handler)
    client.update_function_configuration(FunctionName=function["FunctionName"], **changes)
    try:
        yield
    finally:
        former = {key: function[key] for key in changes}
        client.update_function_configuration(FunctionName=function["FunctionName"], **former)


def environment(stage: Stage, handler: str, **more: str) -> Mapping[str, Mapping[str, str]]:
    """Return the `Environment` of the function with this handler, with variables added."""
    return {"Variables": {**find_function(stage, handler)["Environment"]["Variables"], **more}}


def invoke(stage: Stage, handler: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Call the function with this handler; return its answer."""
    return invoke_named(stage, find_function(stage, handler)["FunctionName"], event)


def invoke_named(stage: Stage, name: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Call the function of this name; return its answer."""
    response = stage.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    answer: Mapping[str, Any] = json.loads(response["Payload"].read())
    return answer


@contextmanager
def silence() -> Iterator[str]:
    """Yield the URL of a server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def red_alarm(stage: Stage, name: str) -> Iterator[None]:
    """Make an alarm as a team might add one, red until the block is left. Without data it keeps its state, as on AWS.

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
    """Set an alarm's state, as `aws cloudwatch set-alarm-state` does; one that has data comes back by itself."""
    stage.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="the rehearsal")


class Alerts:
    """The messages that were published to people since `listening` began."""

    def __init__(self, sqs: Any, queue: str) -> None:
        self._sqs, self._queue, self._heard = sqs, queue, list[str]()

    def about(self, release_id: str) -> list[str]:
        """Return "subject: message" of each that names the release, oldest first."""
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                notification = json.loads(message["Body"])
                self._heard.append(f"{notification.get('Subject')}: {notification['Message']}")
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return [alert for alert in self._heard if release_id in alert]


@contextmanager
def listening(stage: Stage) -> Iterator[Alerts]:
    """Subscribe a queue to the topic of alerts until the block is left.

    https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
    """
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
    """Return the ARN of the only topic of the Release stack."""
    name = stage.settings.stack_name("release")
    resources = stage.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    (topic,) = (r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::SNS::Topic")
    return str(topic)

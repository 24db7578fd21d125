"""What people are told: a queue that hears what is published to the release's topic."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rehearsal.stage import Stage

QUEUE = "rehearsal-alerts"


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

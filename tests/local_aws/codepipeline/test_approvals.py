"""Manual approvals. https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html"""

import json

import pytest

from tests.local_aws.codepipeline.sample_pipelines import Pipelines, approval, stage
from tests.local_aws.ecs.sample_services import wait_for


def test_an_approval_ends_with_what_is_said(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-approve-or-reject.html"""
    pipelines.create(stage("Ask", approval()))
    good, bad = pipelines.start(), pipelines.start()
    token = pipelines.waits(good, "Ask")
    with pytest.raises(pipelines.api.exceptions.InvalidApprovalTokenException):
        pipelines.approve("Ask", "another")
    pipelines.approve("Ask", token)
    assert pipelines.ended(good) == "Succeeded"
    pipelines.approve("Ask", pipelines.waits(bad, "Ask"), "Rejected")
    assert pipelines.ended(bad) == "Failed"
    assert pipelines.error(bad, "Approve") == "looked at"
    with pytest.raises(pipelines.api.exceptions.InvalidApprovalTokenException):
        pipelines.approve("Ask", token)
    with pytest.raises(pipelines.api.exceptions.ActionNotFoundException):
        pipelines.approve("Ask", token, action="Nobody")


def test_an_approval_is_given_once(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html"""
    pipelines.create(stage("Ask", approval()))
    execution = pipelines.start()
    token = pipelines.waits(execution, "Ask")
    pipelines.approve("Ask", token)
    with pytest.raises(pipelines.api.exceptions.ApprovalAlreadyCompletedException):
        pipelines.approve("Ask", token, "Rejected")
    assert pipelines.ended(execution) == "Succeeded"


def test_an_approval_that_nobody_gives_times_out(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: five minutes at least, here 5 s"""
    pipelines.create(stage("Ask", approval(TimeoutInMinutes=5)))
    execution = pipelines.start()
    token = pipelines.waits(execution, "Ask")
    assert pipelines.ended(execution) == "Failed"
    action = pipelines.action(execution, "Approve")
    assert 4.9 < (action["lastUpdateTime"] - action["startTime"]).total_seconds() < 9
    with pytest.raises(pipelines.api.exceptions.ApprovalAlreadyCompletedException):
        pipelines.approve("Ask", token)


def test_an_approval_tells_its_topic(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html"""
    sns, sqs = pipelines.aws.client("sns"), pipelines.aws.client("sqs")
    topic, queue = sns.create_topic(Name=pipelines.stack.name)["TopicArn"], sqs.create_queue(QueueName="approvals")
    arn = sqs.get_queue_attributes(QueueUrl=queue["QueueUrl"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    asked = approval() | {"Configuration": {"NotificationArn": topic, "CustomData": "Release?"}}
    pipelines.create(stage("Ask", asked))
    token = pipelines.waits(pipelines.start(), "Ask")
    (message,) = wait_for(lambda: sqs.receive_message(QueueUrl=queue["QueueUrl"]).get("Messages", []), bool)
    told = json.loads(json.loads(message["Body"])["Message"])["approval"]
    assert (told["customData"], told["token"], told["pipelineName"]) == ("Release?", token, pipelines.stack.name)

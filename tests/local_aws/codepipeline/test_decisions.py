"""What decides whether an execution goes on: people who approve, functions that answer a job, conditions of a stage.

https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html,
actions-invoke-lambda-function.html and concepts-how-it-works-conditions.html
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.local_aws.codepipeline.sample_pipelines import (
    KEY,
    SUCCEED,
    Pipelines,
    approval,
    condition,
    function,
    machine,
    stage,
)
from tests.local_aws.contracts import call
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
    declared = approval() | {"Configuration": {"NotificationArn": topic, "CustomData": "Release?"}}
    pipelines.create(stage("Ask", declared))
    token = pipelines.waits(pipelines.start(), "Ask")
    (message,) = wait_for(lambda: sqs.receive_message(QueueUrl=queue["QueueUrl"]).get("Messages", []), bool)
    notice = json.loads(json.loads(message["Body"])["Message"])["approval"]
    assert (notice["customData"], notice["token"], notice["pipelineName"]) == ("Release?", token, pipelines.stack.name)


HookFactory = Callable[[str], str]

SUCCEED_WITH_DATA = """
job = event["CodePipeline.job"]
boto3.client("codepipeline").put_job_success_result(jobId=job["id"], outputVariables={"Heard": json.dumps(job["data"])})
"""
FAIL = """
job = event["CodePipeline.job"]["id"]
boto3.client("codepipeline").put_job_failure_result(jobId=job, failureDetails={"type": "JobFailed", "message": "shut"})
"""
GO_ON = """
job = event["CodePipeline.job"]
token = job["data"].get("continuationToken", "")
api = boto3.client("codepipeline")
more = {"continuationToken": token + "x"} if len(token) < 2 else {"outputVariables": {"Token": token}}
api.put_job_success_result(jobId=job["id"], executionDetails={"summary": f"call {len(token)}"}, **more)
"""
NOTHING = "return 1"


def test_a_function_is_given_a_job_and_answers_it(pipelines: Pipelines, hook: HookFactory) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html"""
    declared = function(
        hook(SUCCEED_WITH_DATA), parameters="#{Push.CommitId}", InputArtifacts=[{"Name": "Source"}], Namespace="Answer"
    )
    pipelines.create(stage("Only", declared))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded"
    heard = json.loads(pipelines.action(execution, "Ask")["output"]["outputVariables"]["Heard"])
    configuration = heard["actionConfiguration"]["configuration"]
    assert configuration["UserParameters"] == pipelines.repository.git("rev-parse", "HEAD")
    where = pipelines.action(execution, "Push")["output"]["outputArtifacts"][0]["s3location"]
    bucket_and_key = {"bucketName": where["bucket"], "objectKey": where["key"]}
    location = {"type": "S3", "s3Location": bucket_and_key}
    assert heard["encryptionKey"] == {"id": KEY, "type": "KMS"}
    assert heard["inputArtifacts"] == [{"name": "Source", "revision": None, "location": location}]


def test_a_functions_failure_is_its_actions(pipelines: Pipelines, hook: HookFactory) -> None:
    pipelines.create(stage("Only", function(hook(FAIL))))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    assert pipelines.error(execution, "Ask") == "shut"


def test_a_continuation_token_is_handed_to_the_next_call(pipelines: Pipelines, hook: HookFactory) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html"""
    pipelines.create(stage("Only", function(hook(GO_ON))))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded"
    action = pipelines.action(execution, "Ask")
    assert action["output"]["outputVariables"] == {"Token": "xx"}
    assert action["output"]["executionResult"]["externalExecutionSummary"] == "call 2"
    took = action["lastUpdateTime"] - action["startTime"]
    assert took.total_seconds() >= 1.0  # twice 30 s, 60 times faster


def test_a_function_without_a_word_times_out(pipelines: Pipelines, hook: HookFactory) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: 20 minutes, here 20 s"""
    pipelines.create(stage("Only", function(hook(NOTHING))))
    execution = pipelines.start()
    time.sleep(10)
    assert pipelines.status(execution) == "InProgress"
    assert pipelines.ended(execution) == "Failed"
    assert "failed to return a result" in pipelines.error(execution, "Ask")


def test_a_job_takes_one_answer(pipelines: Pipelines, hook: HookFactory) -> None:
    answer = 'job = event["CodePipeline.job"]["id"]\napi = boto3.client("codepipeline")\n'
    twice = answer + 'api.put_job_success_result(jobId=job, outputVariables={"Job": job})'
    pipelines.create(stage("Only", function(hook(twice))))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded"
    job = pipelines.action(execution, "Ask")["output"]["outputVariables"]["Job"]
    with pytest.raises(pipelines.api.exceptions.InvalidJobStateException):
        pipelines.api.put_job_success_result(jobId=job)
    with pytest.raises(pipelines.api.exceptions.JobNotFoundException):
        pipelines.api.put_job_success_result(jobId="nobodys")


ANSWER = 'job, api = event["CodePipeline.job"], boto3.client("codepipeline")\n'
MET = ANSWER + 'api.put_job_success_result(jobId=job["id"])'
NOT_MET = (
    ANSWER
    + 'why = job["data"]["actionConfiguration"]["configuration"]["UserParameters"]\n'
    + 'api.put_job_failure_result(jobId=job["id"], failureDetails={"type": "JobFailed", "message": why})'
)
RAISES = 'raise ValueError("broken")'


def check(variable: str, operator: str, value: str, result: str = "FAIL") -> dict[str, Any]:
    return condition("VariableCheck", {"Variable": variable, "Operator": operator, "Value": value}, result)


def asks(arn: str, result: str = "FAIL", parameters: str = "a release runs") -> dict[str, Any]:
    return condition("LambdaInvoke", {"FunctionName": arn.rpartition(":")[2], "UserParameters": parameters}, result)


@pytest.mark.parametrize(
    ("operator", "value", "status"),
    [
        ("EQ", "main", "Succeeded"),
        ("EQ", "mai", "Failed"),
        ("NE", "main", "Failed"),
        ("CONTAINS", "ai", "Succeeded"),
        ("MATCHES", "m.*", "Succeeded"),
        ("MATCHES", "m", "Failed"),
    ],
)
def test_a_variable_is_checked(pipelines: Pipelines, machine_of: Any, operator: str, value: str, status: str) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-VariableCheck.html"""
    before = {"BeforeEntry": check("#{Push.BranchName}", operator, value)}
    pipelines.create(stage("Do", machine(machine_of(SUCCEED)), **before))
    execution = pipelines.start()
    assert pipelines.ended(execution) == status
    assert len(pipelines.statuses(execution)) == (2 if status == "Succeeded" else 1)
    assert pipelines.stage("Do")["beforeEntryConditionState"]["latestExecution"]["status"] == status


def test_a_rule_with_an_unknown_variable_is_not_met(pipelines: Pipelines, machine_of: Any) -> None:
    before = {"BeforeEntry": check("#{Build.Digest}", "NE", "none")}
    pipelines.create(stage("Do", machine(machine_of(SUCCEED)), **before))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    said = pipelines.stage("Do")["beforeEntryConditionState"]["latestExecution"]["summary"]
    assert "nothing before has the namespace Build" in said


def test_a_skipped_stage_is_passed_over(pipelines: Pipelines, machine_of: Any) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html"""
    good, before = machine_of(SUCCEED), {"BeforeEntry": check("#{Push.BranchName}", "EQ", "other", "SKIP")}
    pipelines.create(stage("Do", machine(good, "Passed"), **before), stage("Later", machine(good)))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded"
    assert pipelines.stage("Do")["latestExecution"]["status"] == "Skipped"
    assert pipelines.statuses(execution) == [("Push", "Succeeded"), ("Release", "Succeeded")]


@pytest.mark.parametrize(("body", "said"), [(MET, ""), (NOT_MET, "a release runs"), (RAISES, "ValueError: broken")])
def test_a_function_is_asked_before_a_stage(
    pipelines: Pipelines, machine_of: Any, hook: HookFactory, body: str, said: str
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html"""
    pipelines.create(stage("Do", machine(machine_of(SUCCEED)), BeforeEntry=asks(hook(body))))
    execution, status = pipelines.start(), "Failed" if said else "Succeeded"
    assert pipelines.ended(execution) == status
    criteria = {"pipelineExecutionId": execution}
    (rule,) = call(pipelines.api, "ListRuleExecutions", pipelineName=pipelines.stack.name, filter=criteria)[
        "ruleExecutionDetails"
    ]
    assert (rule["stageName"], rule["status"]) == ("Do", status)
    assert said in rule["output"]["executionResult"].get("errorDetails", {}).get("message", "")


def test_a_stage_that_succeeded_fails_by_its_condition(
    pipelines: Pipelines, machine_of: Any, hook: HookFactory
) -> None:
    pipelines.create(stage("Do", machine(machine_of(SUCCEED)), OnSuccess=asks(hook(NOT_MET))))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    assert pipelines.statuses(execution) == [("Push", "Succeeded"), ("Release", "Succeeded")]
    assert pipelines.stage("Do")["onSuccessConditionState"]["latestExecution"]["status"] == "Failed"


def test_a_stage_whose_entry_was_refused_can_be_tried_again(
    pipelines: Pipelines, machine_of: Any, hook: HookFactory
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-retry.html"""
    asking = 'boto3.client("ssm").get_parameter(Name="/" + job["data"]["actionConfiguration"]["configuration"]'
    until_mended = ANSWER + asking + '["UserParameters"])\napi.put_job_success_result(jobId=job["id"])'
    before = asks(hook(until_mended), parameters=pipelines.stack.name)
    pipelines.create(stage("Do", machine(machine_of(SUCCEED)), BeforeEntry=before))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    pipelines.aws.client("ssm").put_parameter(Name=f"/{pipelines.stack.name}", Value="mended", Type="String")
    pipelines.retry(execution, "Do")
    assert pipelines.ended(execution) == "Succeeded"


def test_a_rule_may_not_hold_what_is_not_documented(pipelines: Pipelines, hook: HookFactory, machine_of: Any) -> None:
    before = asks(hook(MET), parameters="#{Push.CommitId}")
    with pytest.raises(AssertionError, match="LambdaInvoke rule resolves variables is not documented"):
        pipelines.create(stage("Do", machine(machine_of(SUCCEED)), BeforeEntry=before))

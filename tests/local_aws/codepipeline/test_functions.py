"""A function is given a job, and answers it.

https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
"""

import json
import time
from collections.abc import Callable

import pytest

from tests.local_aws.codepipeline.sample_pipelines import KEY, Pipelines, function, stage

HookFactory = Callable[[str], str]

SUCCEED = """
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
    asked = function(
        hook(SUCCEED), parameters="#{Push.CommitId}", InputArtifacts=[{"Name": "Source"}], Namespace="Answer"
    )
    pipelines.create(stage("Only", asked))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded"
    heard = json.loads(pipelines.action(execution, "Ask")["output"]["outputVariables"]["Heard"])
    configuration = heard["actionConfiguration"]["configuration"]
    assert configuration["UserParameters"] == pipelines.repository.git("rev-parse", "HEAD")
    where = pipelines.action(execution, "Push")["output"]["outputArtifacts"][0]["s3location"]
    place = {"bucketName": where["bucket"], "objectKey": where["key"]}
    location = {"type": "S3", "s3Location": place}
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

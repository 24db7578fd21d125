"""Conditions say whether a stage is entered, and whether it has succeeded.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local_aws.codepipeline.sample_pipelines import Pipelines, condition, machine, stage
from tests.local_aws.contracts import call

HookFactory = Callable[[str], str]
SUCCEED = {"Done": {"Type": "Succeed"}}
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

"""An execution goes through its stages, one action after the other or side by side.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

import json
import uuid
from itertools import pairwise
from typing import Any

import pytest

from tests.local_aws.cloudformation.sample_stacks import Stack, get
from tests.local_aws.codepipeline.sample_pipelines import SUCCEED, Pipelines, action, approval, machine, source, stage
from tests.local_aws.contracts import call
from tests.local_aws.ecs.sample_services import wait_for

FAIL = {"Done": {"Type": "Fail", "Error": "Refused", "Cause": "the gate is closed"}}


def test_stages_and_run_orders_come_one_after_the_other(pipelines: Pipelines, machine_of: Any) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-requirements.html#action.runOrder"""
    good = machine_of(SUCCEED)
    second = stage("Second", machine(good, "Later", RunOrder=2), machine(good, "Sooner"))
    pipelines.create(stage("First", machine(good, "Only")), second)
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded"
    names = ["Push", "Only", "Sooner", "Later"]
    assert pipelines.statuses(execution) == [(name, "Succeeded") for name in names]
    actions = pipelines.actions(execution)
    pairs = pairwise(actions)
    assert all(before["lastUpdateTime"] <= after["startTime"] for before, after in pairs)


def test_actions_of_one_run_order_are_under_way_at_once(pipelines: Pipelines) -> None:
    pipelines.create(stage("Ask", approval("One"), approval("Two")))
    execution = pipelines.start()
    tokens = {name: pipelines.waits(execution, "Ask", name) for name in ("One", "Two")}
    for name, token in tokens.items():
        pipelines.approve("Ask", token, action=name)
    assert pipelines.ended(execution) == "Succeeded"


def test_a_failed_action_fails_the_stage_after_the_others_have_ended(pipelines: Pipelines, machine_of: Any) -> None:
    bad, good = machine_of(FAIL), machine_of(SUCCEED)
    doing = stage("Release", machine(bad), approval(), machine(good, "After", RunOrder=2))
    pipelines.create(doing, stage("Later", machine(good)))
    execution = pipelines.start()
    token = pipelines.waits(execution, "Release")
    wait_for(lambda: pipelines.action(execution, "Release")["status"], lambda status: status == "Failed")
    assert pipelines.status(execution) == "InProgress"
    pipelines.approve("Release", token)
    assert pipelines.ended(execution) == "Failed"
    statuses = [("Push", "Succeeded"), ("Release", "Failed"), ("Approve", "Succeeded")]
    assert sorted(pipelines.statuses(execution)) == sorted(statuses)
    assert pipelines.stage("Release")["latestExecution"]["status"] == "Failed"


def test_a_state_machine_gets_its_input_and_its_failure_is_the_actions(pipelines: Pipelines, machine_of: Any) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html"""
    input_ = {"commit": "#{Push.CommitId}", "requested_by": "pipeline:#{codepipeline.PipelineExecutionId}"}
    good, bad = machine_of({"Done": {"Type": "Pass", "End": True}}), machine_of(FAIL)
    pipelines.create(stage("One", machine(good, input_=input_)), stage("Two", machine(bad, "Bad")))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    release = pipelines.action(execution, "Release")
    ran = pipelines.aws.client("stepfunctions").describe_execution(
        executionArn=release["output"]["outputVariables"]["ExecutionArn"]
    )
    commit = pipelines.repository.git("rev-parse", "HEAD")
    assert json.loads(ran["input"]) == {"commit": commit, "requested_by": f"pipeline:{execution}"}
    assert ran["name"] == release["actionExecutionId"]
    assert "FAILED: Refused: the gate is closed" in pipelines.error(execution, "Bad")


def test_a_state_machine_that_is_not_there_fails_its_action(pipelines: Pipelines) -> None:
    arn = "arn:aws:states:us-west-2:000000000000:stateMachine:nobodys"
    pipelines.create(stage("Only", machine(arn)))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    assert "StateMachineDoesNotExist" in pipelines.error(execution, "Release")


def test_a_new_pipeline_runs_at_once(pipelines: Pipelines, machine_of: Any) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create.html"""
    name = pipelines.create(stage("Only", machine(machine_of(SUCCEED))), first=True)
    (execution,) = pipelines.executions(name)
    assert execution["trigger"]["triggerType"] == "CreatePipeline"
    assert pipelines.ended(execution["pipelineExecutionId"]) == "Succeeded"


def test_a_changed_pipeline_is_another_version_and_cancels_what_runs(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html (Cancelled)"""
    name = pipelines.create(stage("Ask", approval()))
    execution = pipelines.start()
    pipelines.waits(execution, "Ask")
    pipelines.change(Stages=[{"Name": "Source", "Actions": [source(pipelines.repository)]}, stage("New", approval())])
    assert pipelines.ended(execution) == "Cancelled"
    pipeline = call(pipelines.api, "GetPipeline", name=name)["pipeline"]
    assert (pipeline["version"], [item["name"] for item in pipeline["stages"]]) == (2, ["Source", "New"])
    with pytest.raises(pipelines.api.exceptions.StageNotFoundException):
        pipelines.retry(execution, "Ask")


def test_a_deleted_pipeline_is_not_found(pipelines: Pipelines) -> None:
    name = pipelines.create(stage("Ask", approval()))
    pipelines.waits(pipelines.start(), "Ask")
    assert name in [pipeline["name"] for pipeline in call(pipelines.api, "ListPipelines")["pipelines"]]
    pipelines.stack.delete()
    for request in (pipelines.api.get_pipeline_state, pipelines.api.start_pipeline_execution):
        with pytest.raises(pipelines.api.exceptions.PipelineNotFoundException):
            request(name=name)


def test_variables_of_an_execution_have_values(pipelines: Pipelines, machine_of: Any) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-variables.html"""
    declared = [{"Name": "Market", "DefaultValue": "BTC-USD"}, {"Name": "Reason"}]
    input_ = {"said": "#{variables.Market} because #{variables.Reason}"}
    echo = machine_of({"Done": {"Type": "Pass", "End": True}})
    pipelines.create(stage("Only", machine(echo, input_=input_)), Variables=declared)
    execution = pipelines.start(variables=[{"name": "Reason", "value": "a test"}])
    assert pipelines.ended(execution) == "Succeeded"
    resolved = pipelines.action(execution, "Release")["input"]["resolvedConfiguration"]["Input"]
    assert json.loads(resolved) == {"said": "BTC-USD because a test"}
    for names in (["Market"], ["Reason", "Other"]):
        given = [{"name": variable, "value": "a value"} for variable in names]
        with pytest.raises(pipelines.api.exceptions.ClientError, match="variables"):
            pipelines.api.start_pipeline_execution(name=pipelines.stack.name, variables=given)


@pytest.mark.parametrize("reference", ["Nobody.Digest", "Push.Digest", "variables.Digest"])
def test_an_unknown_variable_fails_its_action(pipelines: Pipelines, machine_of: Any, reference: str) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html"""
    pipelines.create(stage("Only", machine(machine_of(SUCCEED), input_={"digest": f"#{{{reference}}}"})))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    assert f"#{{{reference}}}" in pipelines.error(execution, "Release")


def test_the_same_token_starts_one_execution(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html"""
    pipelines.create(stage("Ask", approval()))
    assert pipelines.start(clientRequestToken="one") == pipelines.start(clientRequestToken="one")
    assert pipelines.start(clientRequestToken="two") != pipelines.start()


def test_lists_come_in_pages_the_newest_first(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html"""
    name = pipelines.create(stage("Ask", approval()))
    begun = [pipelines.start() for _ in range(3)]
    pages = pipelines.api.get_paginator("list_pipeline_executions").paginate(
        pipelineName=name, PaginationConfig={"PageSize": 2}
    )
    listed = [[execution["pipelineExecutionId"] for execution in page["pipelineExecutionSummaries"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2]
    assert [execution for page in listed for execution in page][:3] == begun[::-1]
    with pytest.raises(pipelines.api.exceptions.PipelineExecutionNotFoundException):
        pipelines.api.get_pipeline_execution(pipelineName=name, pipelineExecutionId=str(uuid.uuid4()))


def inspector(pipelines: Pipelines) -> dict[str, Any]:
    scan = action("Scan", "Invoke", "InspectorScan", {"InspectorRunMode": "ECRImageScan"})
    return properties(pipelines, Stages=[*first(pipelines), stage("Scan", scan)])


def superseded(pipelines: Pipelines) -> dict[str, Any]:
    return properties(pipelines, ExecutionMode="SUPERSEDED", Stages=[*first(pipelines), stage("Ask", approval())])


def rolled_back(pipelines: Pipelines) -> dict[str, Any]:
    result = {"OnFailure": {"Result": "ROLLBACK"}}
    return properties(pipelines, Stages=[*first(pipelines), stage("Ask", approval(), **result)])


def artifact_of_nobody(pipelines: Pipelines) -> dict[str, Any]:
    using = action("Build", "Build", "CodeBuild", {"ProjectName": "p"}, InputArtifacts=[{"Name": "Nobodys"}])
    return properties(pipelines, Stages=[*first(pipelines), stage("Build", using)])


def triggered_by_tags(pipelines: Pipelines) -> dict[str, Any]:
    push = {"SourceActionName": "Push", "Push": [{"Tags": {"Includes": ["v*"]}}]}
    trigger = {"ProviderType": "CodeStarSourceConnection", "GitConfiguration": push}
    return properties(pipelines, Triggers=[trigger], Stages=[*first(pipelines), stage("Ask", approval())])


def misspelt(pipelines: Pipelines) -> dict[str, Any]:
    return properties(pipelines, Stages=[*first(pipelines), stage("Ask", approval() | {"RunOrders": 1})])


def first(pipelines: Pipelines) -> list[dict[str, Any]]:
    return [{"Name": "Source", "Actions": [source(pipelines.repository)]}]


def properties(pipelines: Pipelines, **more: Any) -> dict[str, Any]:
    store = {"ArtifactStore": {"Type": "S3", "Location": "artifacts"}, "RoleArn": "arn:aws:iam::000000000000:role/p"}
    return {"Name": pipelines.stack.name, "PipelineType": "V2", "ExecutionMode": "QUEUED"} | store | more


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (inspector, "Invoke InspectorScan of AWS is not imitated here"),
        (superseded, "executionMode is SUPERSEDED: only QUEUED is imitated here"),
        (rolled_back, "Ask: blockers and onFailure are not imitated here"),
        (artifact_of_nobody, "Build/Build: no action before makes the artifact Nobodys"),
        (triggered_by_tags, "tags are not imitated here"),
        (misspelt, "runOrders"),
    ],
)
def test_what_is_not_imitated_is_refused_when_the_pipeline_is_created(
    pipelines: Pipelines, made: Any, said: str
) -> None:
    stack: Stack = pipelines.stack
    resource = {"Type": "AWS::CodePipeline::Pipeline", "Properties": made(pipelines)}
    with pytest.raises(AssertionError):
        stack.create({"Pipeline": resource})
    assert any(said in reason for reason in stack.reasons()), stack.reasons()


def test_the_resource_answers_with_name_and_version(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html"""
    made = properties(pipelines, Stages=[*first(pipelines), stage("Ask", approval())])
    resource = {"Type": "AWS::CodePipeline::Pipeline", "Properties": made}
    answers = pipelines.stack.create({"P": resource}, Name={"Ref": "P"}, Version=get("P", "Version"))
    assert answers == {"Name": pipelines.stack.name, "Version": "1"}

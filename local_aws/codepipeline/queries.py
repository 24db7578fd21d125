"""What is asked about pipelines. https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html"""

from collections.abc import Iterator, Sequence
from typing import Any

from local_aws.codepipeline import pipelines
from local_aws.codepipeline.executions import Execution
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.codepipeline.run_views import action_detail, action_state, condition_state, rule_detail
from local_aws.codepipeline.stage_executions import StageExecution
from local_aws.codepipeline.stage_transitions import StageTransition
from local_aws.ministack_parts.answers import RefusedError

Record = dict[str, Any]
CONDITIONS = ("beforeEntry", "onSuccess")
_PAGE = 100


def pipeline(request: Record) -> Record:
    pipeline = pipelines.find(request["name"])
    if request.get("version", pipeline.version) != pipeline.version:
        raise RefusedError(
            "PipelineVersionNotFoundException", f"only version {pipeline.version} of {pipeline.name} is kept"
        )
    metadata = {"pipelineArn": pipeline.arn, "created": pipeline.created, "updated": pipeline.updated}
    return {"pipeline": pipeline.declared | {"version": pipeline.version}, "metadata": metadata}


def listed(request: Record) -> Record:
    views = [
        {
            "name": pipeline.name,
            "version": pipeline.version,
            "pipelineType": pipeline.declared["pipelineType"],
            "executionMode": pipeline.declared["executionMode"],
            "created": pipeline.created,
            "updated": pipeline.updated,
        }
        for pipeline in pipelines.every()
    ]
    return _page("pipelines", views, request)


def state(request: Record) -> Record:
    pipeline = pipelines.find(request["name"])
    with pipeline.changed:
        stages = [_stage(transition) for transition in pipeline.transitions]
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.version,
        "stageStates": stages,
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def execution(request: Record) -> Record:
    pipeline = pipelines.find(request["pipelineName"])
    execution = by_id(pipeline, request["pipelineExecutionId"])
    values = [{"name": name, "resolvedValue": value} for name, value in execution.start.variables.items()]
    view = _execution(execution) | {
        "pipelineName": pipeline.name,
        "pipelineVersion": execution.version,
        "variables": values,
    }
    return {"pipelineExecution": view | {"artifactRevisions": list(_artifact_revisions(execution))}}


def executions(request: Record) -> Record:
    """List the executions of a pipeline, the newest first."""
    pipeline = pipelines.find(request["pipelineName"])
    wanted = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
    executions = [
        execution for execution in reversed(pipeline.executions) if not wanted or _succeeded(execution, wanted)
    ]
    return _page("pipelineExecutionSummaries", [_summary(execution) for execution in executions], request)


def actions(request: Record) -> Record:
    """List the runs of actions, the newest first."""
    runs = [run for stage_execution in _stage_executions(request) for run in stage_execution.runs]
    runs.sort(key=lambda run: run.started, reverse=True)
    return _page("actionExecutionDetails", [action_detail(run) for run in runs], request)


def rules(request: Record) -> Record:
    """List the runs of rules, the newest first; of a condition that was asked again, those of the last time."""
    conditions = [
        condition for stage_execution in _stage_executions(request) for condition in stage_execution.conditions.values()
    ]
    runs = [rule for condition in conditions for rule in condition.rules]
    runs.sort(key=lambda run: run.started, reverse=True)
    return _page("ruleExecutionDetails", [rule_detail(run) for run in runs], request)


def by_id(pipeline: Pipeline, identity: str) -> Execution:
    for execution in pipeline.executions:
        if execution.id == identity:
            return execution
    said = f"{pipeline.name} has no execution with the ID {identity}"
    raise RefusedError("PipelineExecutionNotFoundException", said)


def _stage_executions(request: Record) -> list[StageExecution]:
    pipeline, criteria = pipelines.find(request["pipelineName"]), request.get("filter", {})
    latest = criteria.get("latestInPipelineExecution", {})
    identity = criteria.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
    executions = [by_id(pipeline, identity)] if identity else pipeline.executions
    return [stage_execution for execution in executions for stage_execution in execution.stage_executions.values()]


def _stage(transition: StageTransition) -> Record:
    waiting = [
        {"pipelineExecutionId": execution.id, "status": execution.status, "type": "STANDARD"}
        for execution in transition.queue
    ]
    view: Record = {
        "stageName": transition.name,
        "inboundExecutions": waiting,
        "inboundTransitionState": transition.state,
        "actionStates": [action_state(action, transition.latest) for action in transition.declared["actions"]],
    }
    if waiting:
        view["inboundExecution"] = waiting[0]
    if transition.latest is not None:
        view["latestExecution"] = _latest(transition.latest)
        if transition.latest.manual_retries:
            retries = {
                "manualStageRetryAttempt": transition.latest.manual_retries,
                "latestRetryTrigger": "ManualStageRetry",
            }
            view["retryStageMetadata"] = retries
        for where in CONDITIONS:
            if condition := transition.latest.conditions.get(where):
                view[f"{where}ConditionState"] = condition_state(condition)
    return view


def _latest(stage_execution: StageExecution) -> Record:
    stopping = stage_execution.execution.stopping and stage_execution.status == "InProgress"
    status = "Stopping" if stopping else stage_execution.status
    return {"pipelineExecutionId": stage_execution.execution.id, "status": status, "type": "STANDARD"}


def _execution(execution: Execution) -> Record:
    return {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "trigger": execution.start.trigger,
        "executionMode": execution.declared["executionMode"],
        "executionType": "STANDARD",
    }


def _summary(execution: Execution) -> Record:
    view = _execution(execution) | {
        "startTime": execution.started,
        "lastUpdateTime": execution.updated,
        "sourceRevisions": [{"actionName": name} | revision for name, revision in execution.revisions.items()],
    }
    return view | ({"stopTrigger": {"reason": execution.stop_reason}} if execution.stop_reason else {})


def _artifact_revisions(execution: Execution) -> Iterator[Record]:
    for action in execution.declared["stages"][0]["actions"]:
        revision = execution.revisions.get(action["name"])
        for artifact in action.get("outputArtifacts", []) if revision else []:
            yield {"name": artifact["name"]} | (revision or {})


def _succeeded(execution: Execution, stage: str) -> bool:
    stage_execution = execution.stage_executions.get(stage)
    return stage_execution is not None and stage_execution.status == "Succeeded"


def _page(name: str, items: Sequence[Record], request: Record) -> Record:
    token, size = request.get("nextToken", "0"), request.get("maxResults", _PAGE)
    if not token.isdecimal():
        raise RefusedError("InvalidNextTokenException", f"{token} is not a token of this list")
    first = int(token)
    more = {"nextToken": str(first + size)} if first + size < len(items) else {}
    return {name: list(items[first : first + size])} | more

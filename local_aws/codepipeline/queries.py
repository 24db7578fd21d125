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
    found = pipelines.find(request["name"])
    if request.get("version", found.version) != found.version:
        raise RefusedError("PipelineVersionNotFoundException", f"only version {found.version} of {found.name} is kept")
    metadata = {"pipelineArn": found.arn, "created": found.created, "updated": found.updated}
    return {"pipeline": found.declared | {"version": found.version}, "metadata": metadata}


def listed(request: Record) -> Record:
    views = [
        {
            "name": one.name,
            "version": one.version,
            "pipelineType": one.declared["pipelineType"],
            "executionMode": one.declared["executionMode"],
            "created": one.created,
            "updated": one.updated,
        }
        for one in pipelines.every()
    ]
    return _page("pipelines", views, request)


def state(request: Record) -> Record:
    found = pipelines.find(request["name"])
    with found.changed:
        stages = [_stage(transition) for transition in found.transitions]
    return {
        "pipelineName": found.name,
        "pipelineVersion": found.version,
        "stageStates": stages,
        "created": found.created,
        "updated": found.updated,
    }


def execution(request: Record) -> Record:
    found = pipelines.find(request["pipelineName"])
    one = by_id(found, request["pipelineExecutionId"])
    values = [{"name": name, "resolvedValue": value} for name, value in one.start.variables.items()]
    view = _execution(one) | {"pipelineName": found.name, "pipelineVersion": one.version, "variables": values}
    return {"pipelineExecution": view | {"artifactRevisions": list(_artifact_revisions(one))}}


def executions(request: Record) -> Record:
    """List the executions of a pipeline, the newest first."""
    found = pipelines.find(request["pipelineName"])
    wanted = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
    ones = [one for one in reversed(found.executions) if not wanted or _succeeded(one, wanted)]
    return _page("pipelineExecutionSummaries", [_summary(one) for one in ones], request)


def actions(request: Record) -> Record:
    """List the runs of actions, the newest first."""
    runs = [run for stage_execution in _stage_executions(request) for run in stage_execution.runs]
    runs.sort(key=lambda run: run.started, reverse=True)
    return _page("actionExecutionDetails", [action_detail(run) for run in runs], request)


def rules(request: Record) -> Record:
    """List the runs of rules, the newest first; of a condition that was asked again, those of the last time."""
    asked = [
        condition for stage_execution in _stage_executions(request) for condition in stage_execution.conditions.values()
    ]
    runs = [rule for condition in asked for rule in condition.rules]
    runs.sort(key=lambda run: run.started, reverse=True)
    return _page("ruleExecutionDetails", [rule_detail(run) for run in runs], request)


def by_id(found: Pipeline, identity: str) -> Execution:
    for one in found.executions:
        if one.id == identity:
            return one
    said = f"{found.name} has no execution with the ID {identity}"
    raise RefusedError("PipelineExecutionNotFoundException", said)


def _stage_executions(request: Record) -> list[StageExecution]:
    found, criteria = pipelines.find(request["pipelineName"]), request.get("filter", {})
    latest = criteria.get("latestInPipelineExecution", {})
    identity = criteria.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
    ones = [by_id(found, identity)] if identity else found.executions
    return [stage_execution for one in ones for stage_execution in one.stage_executions.values()]


def _stage(transition: StageTransition) -> Record:
    waiting = [{"pipelineExecutionId": one.id, "status": one.status, "type": "STANDARD"} for one in transition.queue]
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


def _execution(one: Execution) -> Record:
    return {
        "pipelineExecutionId": one.id,
        "status": one.status,
        "trigger": one.start.trigger,
        "executionMode": one.declared["executionMode"],
        "executionType": "STANDARD",
    }


def _summary(one: Execution) -> Record:
    view = _execution(one) | {
        "startTime": one.started,
        "lastUpdateTime": one.updated,
        "sourceRevisions": [{"actionName": name} | revision for name, revision in one.revisions.items()],
    }
    return view | ({"stopTrigger": {"reason": one.stop_reason}} if one.stop_reason else {})


def _artifact_revisions(one: Execution) -> Iterator[Record]:
    for action in one.declared["stages"][0]["actions"]:
        revision = one.revisions.get(action["name"])
        for artifact in action.get("outputArtifacts", []) if revision else []:
            yield {"name": artifact["name"]} | (revision or {})


def _succeeded(one: Execution, stage: str) -> bool:
    stage_execution = one.stage_executions.get(stage)
    return stage_execution is not None and stage_execution.status == "Succeeded"


def _page(name: str, items: Sequence[Record], request: Record) -> Record:
    token, size = request.get("nextToken", "0"), request.get("maxResults", _PAGE)
    if not token.isdecimal():
        raise RefusedError("InvalidNextTokenException", f"{token} is not a token of this list")
    first = int(token)
    more = {"nextToken": str(first + size)} if first + size < len(items) else {}
    return {name: list(items[first : first + size])} | more

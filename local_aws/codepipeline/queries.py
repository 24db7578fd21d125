"""What is asked about pipelines. https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html"""

from collections.abc import Iterator, Sequence
from typing import Any

from local_aws.codepipeline import pipelines
from local_aws.codepipeline.executions import Execution
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.codepipeline.run_views import action_detail, action_state, condition_state, rule_detail
from local_aws.codepipeline.stage_executions import StagePass
from local_aws.codepipeline.stage_transitions import Door
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
        stages = [_stage(door) for door in found.doors]
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
    """The newest first."""
    found = pipelines.find(request["pipelineName"])
    wanted = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
    ones = [one for one in reversed(found.executions) if not wanted or _succeeded(one, wanted)]
    return _page("pipelineExecutionSummaries", [_summary(one) for one in ones], request)


def actions(request: Record) -> Record:
    """The newest first."""
    runs = [run for stage_pass in _passes(request) for run in stage_pass.runs]
    runs.sort(key=lambda run: run.started, reverse=True)
    return _page("actionExecutionDetails", [action_detail(run) for run in runs], request)


def rules(request: Record) -> Record:
    """The newest first; of a condition that was asked again, those of the last time."""
    asked = [condition for stage_pass in _passes(request) for condition in stage_pass.conditions.values()]
    runs = [rule for condition in asked for rule in condition.rules]
    runs.sort(key=lambda run: run.started, reverse=True)
    return _page("ruleExecutionDetails", [rule_detail(run) for run in runs], request)


def by_id(found: Pipeline, identity: str) -> Execution:
    for one in found.executions:
        if one.id == identity:
            return one
    said = f"{found.name} has no execution with the ID {identity}"
    raise RefusedError("PipelineExecutionNotFoundException", said)


def _passes(request: Record) -> list[StagePass]:
    found, criteria = pipelines.find(request["pipelineName"]), request.get("filter", {})
    latest = criteria.get("latestInPipelineExecution", {})
    identity = criteria.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
    ones = [by_id(found, identity)] if identity else found.executions
    return [stage_pass for one in ones for stage_pass in one.passes.values()]


def _stage(door: Door) -> Record:
    waiting = [{"pipelineExecutionId": one.id, "status": one.status, "type": "STANDARD"} for one in door.queue]
    view: Record = {
        "stageName": door.name,
        "inboundExecutions": waiting,
        "inboundTransitionState": door.transition,
        "actionStates": [action_state(action, door.latest) for action in door.declared["actions"]],
    }
    if waiting:
        view["inboundExecution"] = waiting[0]
    if door.latest is not None:
        view["latestExecution"] = _latest(door.latest)
        if door.latest.manual_retries:
            retries = {"manualStageRetryAttempt": door.latest.manual_retries, "latestRetryTrigger": "ManualStageRetry"}
            view["retryStageMetadata"] = retries
        for where in CONDITIONS:
            if condition := door.latest.conditions.get(where):
                view[f"{where}ConditionState"] = condition_state(condition)
    return view


def _latest(stage_pass: StagePass) -> Record:
    stopping = stage_pass.execution.stopping and stage_pass.status == "InProgress"
    status = "Stopping" if stopping else stage_pass.status
    return {"pipelineExecutionId": stage_pass.execution.id, "status": status, "type": "STANDARD"}


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
    stage_pass = one.passes.get(stage)
    return stage_pass is not None and stage_pass.status == "Succeeded"


def _page(name: str, items: Sequence[Record], request: Record) -> Record:
    token, size = request.get("nextToken", "0"), request.get("maxResults", _PAGE)
    if not token.isdecimal():
        raise RefusedError("InvalidNextTokenException", f"{token} is not a token of this list")
    first = int(token)
    more = {"nextToken": str(first + size)} if first + size < len(items) else {}
    return {name: list(items[first : first + size])} | more

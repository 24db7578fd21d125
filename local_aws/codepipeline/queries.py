"""What is asked about pipelines, their executions, and the runs of actions and rules.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html
"""

from collections.abc import Iterator, Mapping, Sequence

from local_aws.codepipeline import pipelines
from local_aws.codepipeline.artifacts import Location
from local_aws.codepipeline.executions import Execution
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.codepipeline.runs import Run
from local_aws.codepipeline.stage_work import ConditionRun
from local_aws.codepipeline.stages import StageExecution, StageTransition
from local_aws.ministack_parts.answers import Record, RefusedError


def action_state(action: Record, stage_execution: StageExecution | None) -> Record:
    """Return an ActionState, with the newest run of the action in the stage.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionState.html
    """
    view: Record = {"actionName": action["name"]}
    run = stage_execution.latest(action["name"]) if stage_execution else None
    if run is None or stage_execution is None:
        return view
    view["latestExecution"] = _latest_run(run) | {"actionExecutionId": run.id}
    if run.token and run.status == "InProgress":
        view["latestExecution"]["token"] = run.token
    if revision := stage_execution.execution.revisions.get(run.name):
        commit = revision["revisionId"]
        view["currentRevision"] = {"revisionId": commit, "revisionChangeId": commit, "created": run.updated}
    return view


def condition_state(condition: ConditionRun) -> Record:
    """Return a StageConditionState: the condition with its rules.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StageConditionState.html
    """
    latest = _filled({"status": condition.status, "summary": condition.summary[:2048]})
    rules = [
        {"ruleName": rule.name, "latestExecution": _latest_run(rule) | {"ruleExecutionId": rule.id}}
        for rule in condition.rules
    ]
    own = latest | {"lastStatusChange": condition.updated}
    return {"latestExecution": latest, "conditionStates": [{"latestExecution": own, "ruleStates": rules}]}


def action_detail(run: Run) -> Record:
    """Return an ActionExecutionDetail: what a run was given, and what it made.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html
    """
    made = run.outputs if run.status == "Succeeded" else {}
    given = _input(run) | {"actionTypeId": run.kind}
    output = {
        "outputArtifacts": _artifacts(made),
        "executionResult": _result(run),
        "outputVariables": dict(run.variables),
    }
    namespace = _filled({"namespace": run.declared.get("namespace", "")})
    return _detail(run) | {
        "actionName": run.name,
        "actionExecutionId": run.id,
        "input": given | namespace,
        "output": output,
    }


def rule_detail(run: Run) -> Record:
    """Return a RuleExecutionDetail: what a rule was given, and how it ended.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RuleExecutionDetail.html
    """
    return _detail(run) | {
        "ruleName": run.name,
        "ruleExecutionId": run.id,
        "input": _input(run) | {"ruleTypeId": run.kind},
        "output": {"executionResult": _result(run)},
    }


def _latest_run(run: Run) -> Record:
    texts = {"summary": run.summary, "externalExecutionId": run.external_id, "lastUpdatedBy": run.updated_by}
    view = {"status": run.status, "lastStatusChange": run.updated} | _filled(texts)
    return view | ({"errorDetails": run.error} if run.error else {})


def _detail(run: Run) -> Record:
    by = _filled({"updatedBy": run.updated_by})
    return by | {
        "pipelineExecutionId": run.execution.id,
        "pipelineVersion": run.execution.version,
        "stageName": run.stage,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "status": run.status,
    }


def _input(run: Run) -> Record:
    configuration = dict(run.declared.get("configuration", {}))
    role = _filled({"roleArn": run.declared.get("roleArn", "")})
    return role | {
        "configuration": configuration,
        "resolvedConfiguration": dict(run.configuration),
        "inputArtifacts": _artifacts(run.inputs),
    }


def _result(run: Run) -> Record:
    view = _filled({"externalExecutionId": run.external_id, "externalExecutionSummary": run.summary})
    return view | ({"errorDetails": run.error} if run.error else {})


def _artifacts(locations: Mapping[str, Location]) -> list[Record]:
    return [{"name": name, "s3location": where.view()} for name, where in locations.items()]


def _filled(texts: Mapping[str, str]) -> Record:
    return {key: text for key, text in texts.items() if text}


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
    message = f"{pipeline.name} has no execution with the ID {identity}"
    raise RefusedError("PipelineExecutionNotFoundException", message)


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

"""The API, as ministack's dispatcher calls it, and what it does to executions by hand; the questions are in `queries`.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/
"""

from local_aws.codepipeline import pipelines, queries
from local_aws.codepipeline.executions import Execution
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.codepipeline.providers import approval, function
from local_aws.codepipeline.stages import StageExecution, StageTransition
from local_aws.ministack_parts import application
from local_aws.ministack_parts.answers import Action, Record, RefusedError, root_arn


def start(request: Record) -> Record:
    """Start an execution; the same token again is the same execution."""
    pipeline, token = pipelines.find(request["name"]), request.get("clientRequestToken")
    with pipeline.changed:
        if token in pipeline.tokens:
            return {"pipelineExecutionId": pipeline.tokens[token].id}
        trigger = {"triggerType": "StartPipelineExecution", "triggerDetail": root_arn()}
        given = {variable["name"]: variable["value"] for variable in request.get("variables", [])}
        execution = pipeline.begin(trigger, variables=given, commits=_commits(pipeline, request))
        if token:
            pipeline.tokens[token] = execution
    return {"pipelineExecutionId": execution.id}


def stop(request: Record) -> Record:
    """Stop an execution, after its actions in progress or at once.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-stop.html
    """
    pipeline = pipelines.find(request["pipelineName"])
    with pipeline.changed:
        execution, abandon = _stoppable(pipeline, request["pipelineExecutionId"]), bool(request.get("abandon"))
        if execution.status == "Stopping" and not abandon:
            message = f"{execution.id} is being stopped already; it can only be abandoned"
            raise RefusedError("DuplicatedStopRequestException", message)
        execution.stop(request.get("reason", ""), abandon=abandon)
    return {"pipelineExecutionId": execution.id}


def retry(request: Record) -> Record:
    """Try a stage again, its failed actions or all of them.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-retry.html
    """
    pipeline, mode = pipelines.find(request["pipelineName"]), request["retryMode"]
    with pipeline.changed:
        stage_execution = _latest_stage_execution(
            _transition(pipeline, request["stageName"]), request["pipelineExecutionId"]
        )
        execution = stage_execution.execution
        if execution.version != pipeline.version:
            raise RefusedError(
                "StageNotRetryableException", f"{pipeline.name} has changed since: start a new execution"
            )
        if stage_execution.status in ("Failed", "Stopped") and execution.status in ("Failed", "Stopped"):
            execution.try_again(mode)
        elif mode != "FAILED_ACTIONS" or not stage_execution.retry_failed_now():
            message = f"{stage_execution.name} is {stage_execution.status}: there is nothing to try again"
            raise RefusedError("StageNotRetryableException", message)
    return {"pipelineExecutionId": execution.id}


def approve(request: Record) -> Record:
    pipeline = pipelines.find(request["pipelineName"])
    with pipeline.changed:
        transition, name = _transition(pipeline, request["stageName"]), request["actionName"]
        if name not in [action["name"] for action in transition.declared["actions"]]:
            raise RefusedError("ActionNotFoundException", f"{transition.name} has no action {name}")
        return {"approvedAt": approval.answer(transition.latest.latest(name) if transition.latest else None, request)}


def enable(request: Record) -> Record:
    return _switch(request, enabled=True)


def disable(request: Record) -> Record:
    return _switch(request, enabled=False)


def _switch(request: Record, *, enabled: bool) -> Record:
    """Enable or disable the transition into a stage.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/transitions.html
    """
    pipeline = pipelines.find(request["pipelineName"])
    if request["transitionType"] != "Inbound":
        raise RefusedError("ValidationException", "Outbound transitions are not imitated here")
    with pipeline.changed:
        transition = _transition(pipeline, request["stageName"])
        transition.switch(enabled=enabled, reason=request.get("reason", ""), by=root_arn())
        pipeline.changed.notify_all()
    return {}


def _commits(pipeline: Pipeline, request: Record) -> dict[str, str]:
    """Return the commit that each source action is to take; another override is refused.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_SourceRevisionOverride.html
    """
    sources = {action["name"] for action in pipeline.declared["stages"][0]["actions"]}
    for override in request.get("sourceRevisions", []):
        if override["actionName"] not in sources or override["revisionType"] != "COMMIT_ID":
            message = f"{override['revisionType']} for {override['actionName']}: only COMMIT_ID for {sorted(sources)}"
            raise RefusedError("ValidationException", message)
    return {override["actionName"]: override["revisionValue"] for override in request.get("sourceRevisions", [])}


def _stoppable(pipeline: Pipeline, identity: str) -> Execution:
    execution = next((execution for execution in pipeline.executions if execution.id == identity), None)
    if execution is None or execution.status not in ("InProgress", "Stopping"):
        message = f"{identity} is {execution.status if execution else 'not an execution'} of {pipeline.name}"
        raise RefusedError("PipelineExecutionNotStoppableException", message)
    return execution


def _latest_stage_execution(transition: StageTransition, identity: str) -> StageExecution:
    if transition.latest is None or transition.latest.execution.id != identity:
        message = f"{identity} is not the execution that was last in {transition.name}"
        raise RefusedError("NotLatestPipelineExecutionException", message)
    return transition.latest


def _transition(pipeline: Pipeline, stage: str) -> StageTransition:
    for transition in pipeline.transitions:
        if transition.name == stage:
            return transition
    raise RefusedError("StageNotFoundException", f"{pipeline.name} has no stage {stage}")


SERVICE, PREFIX = "codepipeline", "CodePipeline_20150709"
ACTIONS: dict[str, Action] = {
    "GetPipeline": queries.pipeline,
    "ListPipelines": queries.listed,
    "GetPipelineState": queries.state,
    "GetPipelineExecution": queries.execution,
    "ListPipelineExecutions": queries.executions,
    "ListActionExecutions": queries.actions,
    "ListRuleExecutions": queries.rules,
    "StartPipelineExecution": start,
    "StopPipelineExecution": stop,
    "RetryStageExecution": retry,
    "EnableStageTransition": enable,
    "DisableStageTransition": disable,
    "PutApprovalResult": approve,
    "PutJobSuccessResult": function.answer,
    "PutJobFailureResult": function.answer,
}


def install() -> None:
    """Add CodePipeline to the services that answer."""
    application.add_service(SERVICE, target=PREFIX, actions=ACTIONS)

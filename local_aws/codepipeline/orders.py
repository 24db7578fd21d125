"""What is done to executions by hand.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html and its siblings.
"""

from typing import Any

from local_aws.codepipeline import pipelines
from local_aws.codepipeline.executions import Execution
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.codepipeline.providers import approval
from local_aws.codepipeline.stage_executions import StageExecution
from local_aws.codepipeline.stage_transitions import StageTransition
from local_aws.ministack_parts.answers import RefusedError
from local_aws.ministack_parts.responses import get_account_id

Record = dict[str, Any]


def start(request: Record) -> Record:
    """Start an execution; the same token again is the same execution."""
    found, token = pipelines.find(request["name"]), request.get("clientRequestToken")
    with found.changed:
        if token in found.tokens:
            return {"pipelineExecutionId": found.tokens[token].id}
        trigger = {"triggerType": "StartPipelineExecution", "triggerDetail": _root()}
        given = {one["name"]: one["value"] for one in request.get("variables", [])}
        execution = found.begin(trigger, variables=given, commits=_commits(found, request))
        if token:
            found.tokens[token] = execution
    return {"pipelineExecutionId": execution.id}


def stop(request: Record) -> Record:
    """Stop an execution, after its actions in progress or at once.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-stop.html
    """
    found = pipelines.find(request["pipelineName"])
    with found.changed:
        execution, abandon = _stoppable(found, request["pipelineExecutionId"]), bool(request.get("abandon"))
        if execution.status == "Stopping" and not abandon:
            said = f"{execution.id} is being stopped already; it can only be abandoned"
            raise RefusedError("DuplicatedStopRequestException", said)
        execution.stop(request.get("reason", ""), abandon=abandon)
    return {"pipelineExecutionId": execution.id}


def retry(request: Record) -> Record:
    """Try a stage again, its failed actions or all of them.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-retry.html
    """
    found, mode = pipelines.find(request["pipelineName"]), request["retryMode"]
    with found.changed:
        stage_execution = _latest_stage_execution(
            _transition(found, request["stageName"]), request["pipelineExecutionId"]
        )
        execution = stage_execution.execution
        if execution.version != found.version:
            raise RefusedError("StageNotRetryableException", f"{found.name} has changed since: start a new execution")
        if stage_execution.status in ("Failed", "Stopped") and execution.status in ("Failed", "Stopped"):
            execution.try_again(mode)
        elif mode != "FAILED_ACTIONS" or not stage_execution.retry_failed_now():
            said = f"{stage_execution.name} is {stage_execution.status}: there is nothing to try again"
            raise RefusedError("StageNotRetryableException", said)
    return {"pipelineExecutionId": execution.id}


def approve(request: Record) -> Record:
    found = pipelines.find(request["pipelineName"])
    with found.changed:
        transition, name = _transition(found, request["stageName"]), request["actionName"]
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
    found = pipelines.find(request["pipelineName"])
    if request["transitionType"] != "Inbound":
        raise RefusedError("ValidationException", "Outbound transitions are not imitated here")
    with found.changed:
        transition = _transition(found, request["stageName"])
        transition.switch(enabled=enabled, reason=request.get("reason", ""), by=_root())
        found.changed.notify_all()
    return {}


def _commits(found: Pipeline, request: Record) -> dict[str, str]:
    """Return the commit that each source action is to take; another override is refused.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_SourceRevisionOverride.html
    """
    sources = {action["name"] for action in found.declared["stages"][0]["actions"]}
    for one in request.get("sourceRevisions", []):
        if one["actionName"] not in sources or one["revisionType"] != "COMMIT_ID":
            said = f"{one['revisionType']} for {one['actionName']}: only COMMIT_ID for {', '.join(sorted(sources))}"
            raise RefusedError("ValidationException", said)
    return {one["actionName"]: one["revisionValue"] for one in request.get("sourceRevisions", [])}


def _stoppable(found: Pipeline, identity: str) -> Execution:
    execution = next((one for one in found.executions if one.id == identity), None)
    if execution is None or execution.status not in ("InProgress", "Stopping"):
        said = f"{identity} is {execution.status if execution else 'not an execution'} of {found.name}"
        raise RefusedError("PipelineExecutionNotStoppableException", said)
    return execution


def _latest_stage_execution(transition: StageTransition, identity: str) -> StageExecution:
    if transition.latest is None or transition.latest.execution.id != identity:
        said = f"{identity} is not the execution that was last in {transition.name}"
        raise RefusedError("NotLatestPipelineExecutionException", said)
    return transition.latest


def _transition(found: Pipeline, stage: str) -> StageTransition:
    for transition in found.transitions:
        if transition.name == stage:
            return transition
    raise RefusedError("StageNotFoundException", f"{found.name} has no stage {stage}")


def _root() -> str:
    return f"arn:aws:iam::{get_account_id()}:root"

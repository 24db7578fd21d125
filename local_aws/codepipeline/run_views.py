"""Runs of actions and rules as the API shows them."""

from collections.abc import Mapping
from typing import Any

from local_aws.codepipeline.artifacts import Location
from local_aws.codepipeline.conditions import ConditionRun
from local_aws.codepipeline.runs import Run
from local_aws.codepipeline.stage_executions import StageExecution

Record = dict[str, Any]


def action_state(action: Record, stage_execution: StageExecution | None) -> Record:
    """Return an ActionState: the newest run of the action in the stage.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionState.html
    """
    view: Record = {"actionName": action["name"]}
    run = stage_execution.latest(action["name"]) if stage_execution else None
    if run is None or stage_execution is None:
        return view
    view["latestExecution"] = _latest(run) | {"actionExecutionId": run.id}
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
        {"ruleName": rule.name, "latestExecution": _latest(rule) | {"ruleExecutionId": rule.id}}
        for rule in condition.rules
    ]
    own = latest | {"lastStatusChange": condition.updated}
    return {"latestExecution": latest, "conditionStates": [{"latestExecution": own, "ruleStates": rules}]}


def action_detail(run: Run) -> Record:
    """Return an ActionExecutionDetail: what a run was given, and what it made.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html
    """
    made = run.outputs if run.status == "Succeeded" else {}
    given = _asked(run) | {"actionTypeId": run.kind}
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
        "input": _asked(run) | {"ruleTypeId": run.kind},
        "output": {"executionResult": _result(run)},
    }


def _latest(run: Run) -> Record:
    said = {"summary": run.summary, "externalExecutionId": run.external_id, "lastUpdatedBy": run.updated_by}
    view = {"status": run.status, "lastStatusChange": run.updated} | _filled(said)
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


def _asked(run: Run) -> Record:
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

"""Follows the pipeline as an engineer does who has pushed: which execution took the commit, and how far it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from rehearsal.commands import wait_until
from rehearsal.stage import Stage
from settings.loading import pipeline_name

OVER = ("Succeeded", "Failed", "Stopped", "Superseded", "Cancelled")
LONGEST = 1800.0


@dataclass(frozen=True)
class Action:
    """One action of an execution; times are epoch seconds, `ended` is None while it is under way."""

    stage: str
    name: str
    status: str
    began: float
    ended: float | None
    summary: str
    external_id: str

    @property
    def is_build(self) -> bool:
        """Whether a build of CodeBuild did it; `external_id` is then the build's id, project:build."""
        return ":" in self.external_id and not self.external_id.startswith("arn:")


@dataclass(frozen=True)
class Run:
    """The execution of the pipeline that took a commit."""

    stage: Stage
    pipeline: str
    execution: str

    @property
    def status(self) -> str:
        """How the execution stands now: "InProgress", or one of OVER."""
        answer = self._client.get_pipeline_execution(pipelineName=self.pipeline, pipelineExecutionId=self.execution)
        return str(answer["pipelineExecution"]["status"])

    def wait_for(self, stage: str, action: str) -> bool:
        """Wait until the action is under way; return False if the execution ended before."""
        wait_until(
            lambda: self.status in OVER or self._state(stage, action).get("status") == "InProgress",
            f"{self.pipeline} has come to {stage}",
            seconds=LONGEST,
        )
        return self.status not in OVER

    def approve(self, stage: str, action: str) -> None:
        """Approve at a manual approval action, as a person does in the console."""
        self._client.put_approval_result(
            pipelineName=self.pipeline,
            stageName=stage,
            actionName=action,
            token=self._state(stage, action)["token"],
            result={"summary": "what staging has shown is good", "status": "Approved"},
        )

    def wait(self) -> str:
        """Wait until the execution is over; return its last status, one of OVER."""
        wait_until(lambda: self.status in OVER, f"{self.pipeline} has ended", seconds=LONGEST)
        return self.status

    def actions(self) -> list[Action]:
        """Return the actions of the execution so far, in the order in which they began."""
        pages = self._client.get_paginator("list_action_executions").paginate(
            pipelineName=self.pipeline, filter={"pipelineExecutionId": self.execution}
        )
        actions = [_action(detail) for page in pages for detail in page["actionExecutionDetails"]]
        return sorted(actions, key=lambda action: action.began)

    def log_tail(self, action: Action, lines: int = 25) -> list[str]:
        """Return the last lines that the build of an action has written to its log; none if the action is no build."""
        if not action.is_build:
            return []
        (build,) = self.stage.client("codebuild").batch_get_builds(ids=[action.external_id])["builds"]
        stream = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        events = self.stage.client("logs").get_log_events(**stream, limit=lines, startFromHead=False)["events"]
        return [str(event["message"]).rstrip() for event in events]

    def _state(self, stage: str, action: str) -> dict[str, Any]:
        """Return the latest execution of an action, empty while this execution of the pipeline is not in the stage.

        https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecution.html
        """
        stages = self._client.get_pipeline_state(name=self.pipeline)["stageStates"]
        executions: Iterator[dict[str, Any]] = (
            action_state.get("latestExecution", {})
            for stage_state in stages
            if stage_state["stageName"] == stage
            and stage_state.get("latestExecution", {}).get("pipelineExecutionId") == self.execution
            for action_state in stage_state["actionStates"]
            if action_state["actionName"] == action
        )
        return next(executions, {})

    @cached_property
    def _client(self) -> Any:
        return self.stage.client("codepipeline")


def run_of(stage: Stage, commit: str) -> Run:
    """Return the execution that the push of this commit has started, as soon as it has."""
    pipeline, client = pipeline_name(stage.settings), stage.client("codepipeline")

    def execution() -> str:
        for summary in client.list_pipeline_executions(pipelineName=pipeline)["pipelineExecutionSummaries"]:
            if any(revision.get("revisionId") == commit for revision in summary.get("sourceRevisions", [])):
                return str(summary["pipelineExecutionId"])
        return ""

    wait_until(lambda: execution() != "", f"{pipeline} has taken the commit {commit}")
    return Run(stage, pipeline, execution())


def _action(detail: dict[str, Any]) -> Action:
    """Return an action from its detail in ListActionExecutions.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html
    """
    result = (detail.get("output") or {}).get("executionResult") or {}
    ended: datetime | None = detail.get("lastUpdateTime") if detail["status"] != "InProgress" else None
    return Action(
        stage=detail["stageName"],
        name=detail["actionName"],
        status=detail["status"],
        began=detail["startTime"].timestamp(),
        ended=ended.timestamp() if ended else None,
        summary=result.get("externalExecutionSummary") or "",
        external_id=result.get("externalExecutionId") or "",
    )

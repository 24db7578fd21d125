"""The pipeline as an engineer sees it who has pushed: which execution took the commit, and how far it is."""

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
        """Its id is then project:build."""
        return ":" in self.external_id and not self.external_id.startswith("arn:")


@dataclass(frozen=True)
class Run:
    """The execution of the pipeline that took a commit."""

    stage: Stage
    pipeline: str
    execution: str

    @property
    def status(self) -> str:
        found = self._client.get_pipeline_execution(pipelineName=self.pipeline, pipelineExecutionId=self.execution)
        return str(found["pipelineExecution"]["status"])

    def wait_for(self, stage: str, action: str) -> bool:
        """Until that action is under way; False when the execution was over before."""
        wait_until(
            lambda: self.status in OVER or self._state(stage, action).get("status") == "InProgress",
            f"{self.pipeline} has come to {stage}",
            seconds=LONGEST,
        )
        return self.status not in OVER

    def approve(self, stage: str, action: str) -> None:
        """As a person does in the console."""
        self._client.put_approval_result(
            pipelineName=self.pipeline,
            stageName=stage,
            actionName=action,
            token=self._state(stage, action)["token"],
            result={"summary": "what staging has shown is good", "status": "Approved"},
        )

    def wait(self) -> str:
        """Until it is over: how it ended."""
        wait_until(lambda: self.status in OVER, f"{self.pipeline} has ended", seconds=LONGEST)
        return self.status

    def actions(self) -> list[Action]:
        """In the order in which they began."""
        pages = self._client.get_paginator("list_action_executions").paginate(
            pipelineName=self.pipeline, filter={"pipelineExecutionId": self.execution}
        )
        found = [_action(one) for page in pages for one in page["actionExecutionDetails"]]
        return sorted(found, key=lambda one: one.began)

    def said(self, action: Action, lines: int = 25) -> list[str]:
        """The end of what the build of an action has written to its log; nothing of an action that is no build."""
        if not action.is_build:
            return []
        (build,) = self.stage.client("codebuild").batch_get_builds(ids=[action.external_id])["builds"]
        where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        events = self.stage.client("logs").get_log_events(**where, limit=lines, startFromHead=False)["events"]
        return [str(event["message"]).rstrip() for event in events]

    def _state(self, stage: str, action: str) -> dict[str, Any]:
        stages = self._client.get_pipeline_state(name=self.pipeline)["stageStates"]
        found: Iterator[dict[str, Any]] = (
            one.get("latestExecution", {})
            for state in stages
            if state["stageName"] == stage
            and state.get("latestExecution", {}).get("pipelineExecutionId") == self.execution
            for one in state["actionStates"]
            if one["actionName"] == action
        )
        return next(found, {})

    @cached_property
    def _client(self) -> Any:
        return self.stage.client("codepipeline")


def run_of(stage: Stage, commit: str) -> Run:
    """The execution that the push of this commit has started, as soon as it has."""
    pipeline, client = pipeline_name(stage.settings), stage.client("codepipeline")

    def found() -> str | None:
        listed = client.list_pipeline_executions(pipelineName=pipeline)["pipelineExecutionSummaries"]
        revisions = ((one["pipelineExecutionId"], one.get("sourceRevisions", [])) for one in listed)
        return next((id_ for id_, of in revisions if any(one.get("revisionId") == commit for one in of)), None)

    wait_until(lambda: found() is not None, f"{pipeline} has taken the commit {commit}")
    return Run(stage, pipeline, found() or "")


def _action(told: dict[str, Any]) -> Action:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html"""
    result = (told.get("output") or {}).get("executionResult") or {}
    ended: datetime | None = told.get("lastUpdateTime") if told["status"] != "InProgress" else None
    return Action(
        stage=told["stageName"],
        name=told["actionName"],
        status=told["status"],
        began=told["startTime"].timestamp(),
        ended=ended.timestamp() if ended else None,
        summary=result.get("externalExecutionSummary") or "",
        external_id=result.get("externalExecutionId") or "",
    )

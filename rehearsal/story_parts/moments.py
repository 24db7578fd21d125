"""When things happened: the gate's calls, ECS's deployments, and an execution's visits to its states."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.stage import Stage
from rehearsal.story_parts.account import GATE, find_function
from release_engine.ledger import Release

_REPORT = re.compile(r"^REPORT .*\tDuration: ([0-9.]+) ms")


@dataclass(frozen=True)
class Call:
    """Epoch seconds."""

    began: float
    ended: float


def gate_calls(stage: Stage) -> Sequence[Call]:
    """All of them, the oldest first."""
    logs, group = stage.client("logs"), find_function(stage, GATE)["LoggingConfig"]["LogGroup"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="REPORT")
    return calls(event for page in pages for event in page["events"])


def calls(events: Iterable[Mapping[str, Any]]) -> Sequence[Call]:
    """From the events of the log."""
    found = ((event["timestamp"] / 1000, _REPORT.match(event["message"])) for event in events)
    reports = [Call(at - float(report[1]) / 1000, at) for at, report in found if report]
    return sorted(reports, key=lambda call: call.ended)


def last_before(moment: float | None, found: Sequence[Call]) -> Call | None:
    """The one that led to what was decided then; on the way back the gate is not asked, and its log may come late."""
    earlier = [call for call in found if moment is not None and call.began <= moment]
    return earlier[-1] if earlier else None


@dataclass(frozen=True)
class Deployment:
    """Times are epoch seconds; `decided` is when ECS began to roll it back, None when it did not."""

    started: float
    finished: float
    decided: float | None
    reason: str


def last_deployment(stage: Stage, service: str) -> Deployment:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html"""
    ecs = stage.client("ecs")
    listed = ecs.list_service_deployments(cluster=stage.cluster, service=service, maxResults=1)["serviceDeployments"]
    arns = [one["serviceDeploymentArn"] for one in listed]
    return parsed(ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0])


def parsed(told: Mapping[str, Any]) -> Deployment:
    """From DescribeServiceDeployments."""
    back = (told.get("rollback") or {}).get("startedAt")
    return Deployment(
        started=told["startedAt"].timestamp(),
        finished=told["finishedAt"].timestamp(),
        decided=back.timestamp() if back else None,
        reason=told.get("statusReason") or "",
    )


@dataclass(frozen=True)
class Visit:
    """From entering a state to leaving it, in epoch seconds; `output` is the machine's data afterwards."""

    state: str
    entered: float
    left: float
    output: Mapping[str, Any] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """It is a wait of the machine's, which the rehearsal's clock divides; work takes the time that it takes."""
        return self.state.removeprefix("RollBack").startswith("WaitFor")


def visits_of(stage: Stage, release: Release) -> Sequence[Visit]:
    """All of them, in order."""
    pages = stage.client("stepfunctions").get_paginator("get_execution_history")
    found = pages.paginate(executionArn=release.execution_arn, includeExecutionData=True)
    return list(visits(event for page in found for event in page["events"]))


def visits(events: Iterable[Mapping[str, Any]]) -> Iterator[Visit]:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html"""
    entered: dict[str, float] = {}
    for event in events:
        at = event["timestamp"].timestamp()
        if details := event.get("stateEnteredEventDetails"):
            entered[details["name"]] = at
        if details := event.get("stateExitedEventDetails"):
            output = json.loads(details.get("output") or "{}")
            yield Visit(details["name"], entered.pop(details["name"]), at, output)


def cloud_seconds(found: Iterable[Visit], speed: float) -> float:
    """What these visits would take with undivided waits."""
    return sum((visit.left - visit.entered) * (speed if visit.waits else 1) for visit in found)

"""Finds out when things happened: the gate's calls, ECS's deployments, and an execution's visits to its states."""

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
    """One call of the gate's function; times are epoch seconds."""

    began: float
    ended: float


def gate_calls(stage: Stage) -> Sequence[Call]:
    """Return every call of the gate, oldest first."""
    logs, group = stage.client("logs"), find_function(stage, GATE)["LoggingConfig"]["LogGroup"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="REPORT")
    return calls(event for page in pages for event in page["events"])


def calls(events: Iterable[Mapping[str, Any]]) -> Sequence[Call]:
    """Return the calls that a function's log events report, oldest first."""
    reports = ((event["timestamp"] / 1000, _REPORT.match(event["message"])) for event in events)
    ended = [Call(at - float(report[1]) / 1000, at) for at, report in reports if report]
    return sorted(ended, key=lambda call: call.ended)


def last_before(moment: float | None, gate_calls: Sequence[Call]) -> Call | None:
    """Return the call that led to the decision at `moment`, None if no call or no decision was there.

    It is the last that began before: its log line may come after the decision, and ECS's rollback calls no gate.
    """
    earlier = [call for call in gate_calls if moment is not None and call.began <= moment]
    return earlier[-1] if earlier else None


@dataclass(frozen=True)
class Deployment:
    """Times are epoch seconds; `decided` is when ECS began to roll it back, None when it did not."""

    started: float
    finished: float
    decided: float | None
    reason: str


def last_deployment(stage: Stage, service: str) -> Deployment:
    """Return the newest deployment of an ECS service.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
    """
    ecs = stage.client("ecs")
    listed = ecs.list_service_deployments(cluster=stage.cluster, service=service, maxResults=1)["serviceDeployments"]
    arns = [deployment["serviceDeploymentArn"] for deployment in listed]
    return parsed(ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0])


def parsed(deployment: Mapping[str, Any]) -> Deployment:
    """Return a deployment from the answer of DescribeServiceDeployments."""
    back = (deployment.get("rollback") or {}).get("startedAt")
    return Deployment(
        started=deployment["startedAt"].timestamp(),
        finished=deployment["finishedAt"].timestamp(),
        decided=back.timestamp() if back else None,
        reason=deployment.get("statusReason") or "",
    )


@dataclass(frozen=True)
class Visit:
    """A visit of a release machine to a state; times are epoch seconds, `output` is the machine's data afterwards."""

    state: str
    entered: float
    left: float
    output: Mapping[str, Any] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether the state is a wait, which the rehearsal divides by its speed; work takes as long as it takes."""
        return self.state.removeprefix("RollBack").startswith("WaitFor")


def visits_of(stage: Stage, release: Release) -> Sequence[Visit]:
    """Return the visits of a release's execution, in order."""
    pages = stage.client("stepfunctions").get_paginator("get_execution_history")
    history = pages.paginate(executionArn=release.execution_arn, includeExecutionData=True)
    return list(visits(event for page in history for event in page["events"]))


def visits(events: Iterable[Mapping[str, Any]]) -> Iterator[Visit]:
    """Yield the visits that an execution's events tell of, in the order in which they ended.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """
    entered: dict[str, float] = {}
    for event in events:
        at = event["timestamp"].timestamp()
        if details := event.get("stateEnteredEventDetails"):
            entered[details["name"]] = at
        if details := event.get("stateExitedEventDetails"):
            output = json.loads(details.get("output") or "{}")
            yield Visit(details["name"], entered.pop(details["name"]), at, output)


def cloud_seconds(visits: Iterable[Visit], speed: float) -> float:
    """Return how many seconds these visits would take in the cloud, where waits are not divided by `speed`."""
    return sum((visit.left - visit.entered) * (speed if visit.waits else 1) for visit in visits)

"""Where a release was when: the visits of its execution to the states, and how long that would take in the cloud."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.stage import Stage
from release_engine.ledger import Release


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

"""Explains how a release ended: its reason in one line, where its time went, and what speaks against its version.

The evidence is what CloudFormation, ECS and the version's own log said of it (F1). It is bounded in bytes, whatever
the version writes into its log: an item of DynamoDB holds 400 KB, and this some 60 at most.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from release_engine.ledger import iso

State = Mapping[str, Any]
_GOOD = {"PASS", "succeeded", "no_changes", "ready", "unchanged"}


def why(state: State) -> str:
    """Return why the release did not succeed: what failed first, then what was done about it."""
    plan = state.get("plan") or {}
    undone = [
        plan.get("reason"),
        _caught(state.get("rollback_failure")),
        _bad(state.get("rollback")),
        _bad(state.get("verified_rollback")),
    ]
    return "; ".join(filter(None, [_first_trouble(state) or "no reason was given", *undone]))


def passed(state: State) -> str:
    """Return why a released version is believed to be good."""
    return str((state.get("bake") or state.get("verified") or {}).get("reason") or "")


def seconds_by_state(events: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the seconds in each state, summed over its visits, from an execution's history.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """
    entered: dict[str, datetime] = {}
    total: dict[str, float] = {}
    for event in events:
        if details := event.get("stateEnteredEventDetails"):
            entered[details["name"]] = event["timestamp"]
        details = event.get("stateExitedEventDetails")
        if details and (began := entered.pop(details["name"], None)):
            spent = (event["timestamp"] - began).total_seconds()
            total[details["name"]] = round(total.get(details["name"], 0.0) + spent, 3)
    return total


def _first_trouble(state: State) -> str | None:
    """Return what failed first.

    An exception explains more than the state that it left behind, and the gate more than the failed update.
    """
    steps = ("bake", "verified", "gate", "deploy", "preflight")
    return _caught(state.get("failure")) or next(filter(None, (_bad(state.get(step)) for step in steps)), None)


def _bad(result: Mapping[str, Any] | None) -> str | None:
    if not result or {result.get("status"), result.get("verdict")} & _GOOD:
        return None
    return str(result.get("reason") or "") or None


def _caught(failure: Mapping[str, Any] | None) -> str | None:
    """Word what a Catch kept: its `Cause` is the function's error as JSON, or plain text."""
    if not failure:
        return None
    cause = str(failure.get("Cause") or "")
    try:
        problem = json.loads(cause)
    except ValueError:
        return f"{failure.get('Error')}: {cause}"
    return f"{failure.get('Error')}: {problem.get('errorMessage', cause)}" if isinstance(problem, dict) else cause


LINES = 20  # of one task's log, the last
LOGS = 5  # tasks whose logs are worth the time to fetch them
_EVENTS, _TASKS, _EXITS = 20, 10, 3
_NAME, _TEXT = 100, 300
_CRASHES = ("EssentialContainerExited", "TaskFailedToStart")


@dataclass(frozen=True)
class Exit:
    """How a container ended; `code` None: it never ran, or never ended."""

    container: str
    code: int | None
    reason: str


@dataclass(frozen=True)
class StoppedTask:
    """A task that stopped at `at`, in epoch seconds; None while it is still stopping."""

    arn: str
    service: str
    digest: str
    definition: str
    at: float | None
    code: str
    reason: str
    exits: tuple[Exit, ...] = ()

    @property
    def id(self) -> str:
        """Return the id, which ends the ARN and the name of the log stream."""
        return self.arn.rpartition("/")[2]


Log = Sequence[str] | str  # or why there is none


def relevant(stopped: Iterable[StoppedTask], digest: str, since: float) -> list[StoppedTask]:
    """Choose the tasks of the digest that stopped since then: first those that crashed, the newest first."""
    ours = [task for task in stopped if task.digest == digest and (task.at is None or task.at >= since)]
    return sorted(ours, key=lambda task: (task.code not in _CRASHES, -(task.at or 0)))[:_TASKS]


def bundle(
    events: Sequence[Mapping[str, Any]] | str, tasks: Sequence[StoppedTask] | str, logs: Mapping[str, Log]
) -> dict[str, Any]:
    """Return the evidence as the ledger keeps it, from events, newest first, and logs by the ARN of their task.

    A text in the place of a part says why it could not be fetched.
    """
    return {
        "stack_events": _cut(events) if isinstance(events, str) else _failures(events),
        "stopped_tasks": _cut(tasks) if isinstance(tasks, str) else [_task(task, logs.get(task.arn)) for task in tasks],
    }


def _failures(events: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Choose the failures, oldest first: the first explains the others, what it made others cancel explains nothing."""
    return [_event(event) for event in reversed(events) if _speaks(event)][:_EVENTS]


def _speaks(event: Mapping[str, Any]) -> bool:
    status, reason = event["ResourceStatus"], event.get("ResourceStatusReason") or ""
    failed = status.endswith("_FAILED") and "cancelled" not in reason.lower()
    return failed or ("ROLLBACK_IN_PROGRESS" in status and bool(reason))


def _event(event: Mapping[str, Any]) -> dict[str, str]:
    return {
        "at": iso(event["Timestamp"].timestamp()),
        "resource": _cut(event["LogicalResourceId"], _NAME),
        "status": _cut(event["ResourceStatus"], _NAME),
        "reason": _cut(event.get("ResourceStatusReason") or ""),
    }


def _task(task: StoppedTask, log: Log | None) -> dict[str, Any]:
    values = {
        "task": _cut(task.id, _NAME),
        "service": _cut(task.service, _NAME),
        "at": None if task.at is None else iso(task.at),
        "code": _cut(task.code, _NAME),
        "reason": _cut(task.reason),
        "exits": [_exit(container) for container in task.exits[:_EXITS]],
    }
    if log is None:
        return values
    return {**values, "log": _cut(log) if isinstance(log, str) else [_cut(line) for line in log[-LINES:]]}


def _exit(ended: Exit) -> dict[str, Any]:
    return {"container": _cut(ended.container, _NAME), "exit_code": ended.code, "reason": _cut(ended.reason, _NAME)}


def _cut(text: str, most: int = _TEXT) -> str:
    """Cut the text to that many bytes, so to as many characters at most."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= most:
        return encoded.decode()
    return f"{encoded[: most - 3].decode(errors='ignore')}…"

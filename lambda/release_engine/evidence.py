"""What speaks against a version that was not released: what CloudFormation, ECS and its own log said of it (F1).

Bounded in bytes, whatever the version writes into its log: an item of DynamoDB holds 400 KB, and this some 60 at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release_engine.ledger import iso

LINES = 20  # of one task's log, the last
_EVENTS, _TASKS, _LOGS, _EXITS = 20, 10, 5, 3
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
        """As it is in the name of its log stream."""
        return self.arn.rpartition("/")[2]


Log = Sequence[str] | str  # or why there is none


def told(stopped: Iterable[StoppedTask], digest: str, since: float) -> list[StoppedTask]:
    """Those of the digest that stopped since then: what crashed before what was stopped, the newest first."""
    ours = [task for task in stopped if task.digest == digest and (task.at is None or task.at >= since)]
    return sorted(ours, key=lambda task: (task.code not in _CRASHES, -(task.at or 0)))[:_TASKS]


def read(tasks: Sequence[StoppedTask]) -> Sequence[StoppedTask]:
    """Those whose logs are worth the time."""
    return tasks[:_LOGS]


def bundle(
    events: Sequence[Mapping[str, Any]] | str, tasks: Sequence[StoppedTask] | str, logs: Mapping[str, Log]
) -> dict[str, Any]:
    """As the ledger keeps it. `events` come newest first, `logs` go by the ARN of their task.

    A text in the place of a part says why it could not be fetched.
    """
    return {
        "stack_events": _cut(events) if isinstance(events, str) else _failures(events),
        "stopped_tasks": _cut(tasks) if isinstance(tasks, str) else [_task(one, logs.get(one.arn)) for one in tasks],
    }


def _failures(events: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Oldest first, for the first failure explains the others; what was cancelled because of it explains nothing."""
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
        "exits": [_exit(one) for one in task.exits[:_EXITS]],
    }
    if log is None:
        return values
    return {**values, "log": _cut(log) if isinstance(log, str) else [_cut(line) for line in log[-LINES:]]}


def _exit(one: Exit) -> dict[str, Any]:
    return {"container": _cut(one.container, _NAME), "exit_code": one.code, "reason": _cut(one.reason, _NAME)}


def _cut(text: str, most: int = _TEXT) -> str:
    """At most that many bytes, so at most that many characters."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= most:
        return encoded.decode()
    return f"{encoded[: most - 3].decode(errors='ignore')}…"

"""Watches an execution: turns its history into the events that a person cares about."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from release_aws.executions import Executions, ExecutionStatus

# The states in which the machine deals with what failed before them (docs/architecture.md).
_AFTERMATH = ("StopDeployment", "CancelUpdate", "PlanRollback", "RecordRefused", "RecordFailure", "Unrecorded", "Busy")
_UNCHANGED = "Unchanged"  # the end of a release that had nothing to do
_CAUSES = {
    "TIMED_OUT": "the execution took longer than a release may",
    "ABORTED": "the execution was stopped by hand",
}
_LOOKS = 30  # for an execution that was started a moment ago


class ExecutionNotFoundError(LookupError):
    """Says that an execution that was started is not to be found."""


@dataclass(frozen=True)
class StateEntered:
    """Says that a state was entered, for the `visit`th time, `seconds` after the release began."""

    state: str
    seconds: float
    visit: int


@dataclass(frozen=True)
class ReleaseEnd:
    """Says how a release ended.

    Unless it succeeded: the error, its one-line cause, and the state in which it failed. `unchanged`: it succeeded
    with nothing to do.
    """

    released: bool
    seconds: float
    error: str = ""
    cause: str = ""
    state: str = ""
    unchanged: bool = False


class ExecutionProgress:
    """Follows the events of one execution; `state` is the state that it is in."""

    def __init__(self) -> None:
        self.last_event = 0
        self._began: datetime | None = None
        self._seconds = 0.0
        self._visits = Counter[str]()
        self._failed_in: str | None = None
        self.state = ""

    def follow(self, event: Mapping[str, Any]) -> StateEntered | None:
        """Note an event; return the state that it entered, if any. Nobody waits in choices: they are left out."""
        self.last_event = event["id"]
        self._began = self._began or event["timestamp"]
        self._seconds = (event["timestamp"] - self._began).total_seconds()
        if event["type"] == "ChoiceStateEntered" or "stateEnteredEventDetails" not in event:
            return None
        name = event["stateEnteredEventDetails"]["name"]
        if name in _AFTERMATH and self._failed_in is None:
            self._failed_in = self.state
        self.state = name
        self._visits[name] += 1
        return StateEntered(name, self._seconds, self._visits[name])

    def end(self, execution: ExecutionStatus) -> ReleaseEnd:
        """Return how the release ended."""
        if execution.status == "SUCCEEDED":
            return ReleaseEnd(released=True, seconds=self._seconds, unchanged=self.state == _UNCHANGED)
        cause = execution.cause or _CAUSES.get(execution.status, "no cause was given")
        where = self.state if self._failed_in is None else self._failed_in
        return ReleaseEnd(False, self._seconds, execution.error or execution.status, cause, where)


def watch(executions: Executions, arn: str, *, pause: Callable[[], None]) -> Iterator[StateEntered | ReleaseEnd]:
    """Iterate over the states as they are entered, then the end.

    The status is asked before the events, so that no event before the end is missed.
    """
    progress = ExecutionProgress()
    status = _first_status(executions, arn, pause)
    while True:
        for event in executions.events_after(arn, progress.last_event):
            if entered := progress.follow(event):
                yield entered
        if status.over:
            yield progress.end(status)
            return
        pause()
        status = executions.status(arn) or status


def _first_status(executions: Executions, arn: str, pause: Callable[[], None]) -> ExecutionStatus:
    """Look until the execution is there: it was started a moment ago, and not every reader of AWS has heard of it."""
    for _ in range(_LOOKS):
        if status := executions.status(arn):
            return status
        pause()
    raise ExecutionNotFoundError(f"there is no execution {arn}, {_LOOKS} looks after it was started")

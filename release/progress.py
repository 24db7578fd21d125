"""Watching an execution: its history as the events that a person cares about."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from release.executions import Executions, Standing

# The states in which the machine deals with what failed before them (docs/architecture.md).
_AFTERMATH = ("StopDeployment", "CancelUpdate", "PlanRollback", "RecordRefused", "RecordFailure", "Unrecorded", "Busy")
_UNCHANGED = "Unchanged"  # the end of a release that had nothing to do
_UNTOLD = {
    "TIMED_OUT": "the execution took longer than a release may",
    "ABORTED": "the execution was stopped by hand",
}


_PATIENCE = 30


class NotSeenError(LookupError):
    """An execution that was started is not to be found."""


@dataclass(frozen=True)
class Entered:
    """A state was entered, for the `visit`th time, `seconds` after the release began."""

    state: str
    seconds: float
    visit: int


@dataclass(frozen=True)
class Ended:
    """The release is over. Unless it succeeded: the error, its one-line cause, and the state in which it failed.

    `unchanged`: it succeeded with nothing to do.
    """

    released: bool
    seconds: float
    error: str = ""
    cause: str = ""
    state: str = ""
    unchanged: bool = False


class Course:
    """The way that one execution has taken; `state` is where it is."""

    def __init__(self) -> None:
        self.last_event = 0
        self._began: datetime | None = None
        self._seconds = 0.0
        self._visits = Counter[str]()
        self._failed_in: str | None = None
        self.state = ""

    def follow(self, event: Mapping[str, Any]) -> Entered | None:
        """What the event means, if anything: choices are between states, so nobody waits in them."""
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
        return Entered(name, self._seconds, self._visits[name])

    def end(self, standing: Standing) -> Ended:
        """How it ended."""
        if standing.status == "SUCCEEDED":
            return Ended(released=True, seconds=self._seconds, unchanged=self.state == _UNCHANGED)
        cause = standing.cause or _UNTOLD.get(standing.status, "no cause was given")
        where = self.state if self._failed_in is None else self._failed_in
        return Ended(False, self._seconds, standing.error or standing.status, cause, where)


def watch(executions: Executions, arn: str, *, pause: Callable[[], None]) -> Iterator[Entered | Ended]:
    """Every state as it is entered, then the end. The status is asked first, so no event before the end is missed."""
    course = Course()
    standing = _first_look(executions, arn, pause)
    while True:
        for event in executions.events_after(arn, course.last_event):
            if entered := course.follow(event):
                yield entered
        if standing.over:
            yield course.end(standing)
            return
        pause()
        standing = executions.standing(arn) or standing


def _first_look(executions: Executions, arn: str, pause: Callable[[], None]) -> Standing:
    """It was started a moment ago, and not every reader of AWS has heard of it yet."""
    for _ in range(_PATIENCE):
        if standing := executions.standing(arn):
            return standing
        pause()
    raise NotSeenError(f"there is no execution {arn}, {_PATIENCE} looks after it was started")

"""Follows an execution and shows it: the events of its history that a person cares about, and how they look.

The lines are the same on a terminal and in a log; a terminal also has a clock, which shows
that the release is alive.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from release_aws.stepfunctions import Executions, ExecutionStatus

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


_SILENCE = 30.0  # seconds after which a loop says again that it goes on


def state_line(component: str, entered: StateEntered) -> str:
    """Return a line for a state, with the seconds since the release began; a loop says how often it was there."""
    again = f" ({entered.visit} times)" if entered.visit > 1 else ""
    return f"{component:<10}{entered.seconds:>8.1f} s  {entered.state}{again}"


def end_line(component: str, end: ReleaseEnd, reason: str) -> str:
    """Say how a release ended, in one line; `reason` is the ledger's, for a release that went well."""
    if end.released:
        return f"{component} is released, in {end.seconds:.1f} s" + (f": {reason}" if reason else "")
    where, cause = f" in {end.state}" if end.state else "", " ".join(end.cause.split())
    return f"{component} is not released: {end.error}{where}, after {end.seconds:.1f} s: {cause}"


class Display:
    """Prints lines for people and for logs. The lines are the same everywhere: only the clock needs a terminal."""

    def __init__(self, out: Console, error: Console) -> None:
        self.console, self._error = out, error
        self._last_spoken = 0.0
        self._clock: Progress | None = None

    def say(self, line: str, style: str = "") -> None:
        """Print a line for people."""
        self.console.print(Text(line, style), soft_wrap=True)

    def raw(self, text: str) -> None:
        """Print output for tools, without a word of ours."""
        self.console.out(text, highlight=False)

    def refuse(self, line: str) -> None:
        """Print to standard error why something was not done."""
        self._error.print(Text(line, "bold red"), soft_wrap=True)

    @contextmanager
    def following(self, component: str) -> Iterator[None]:
        """Show a clock while a release is watched; `enter` belongs in here."""
        self._last_spoken = 0.0
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as clock:
            clock.add_task(component)
            self._clock = clock
            yield
        self._clock = None

    def enter(self, component: str, entered: StateEntered) -> None:
        """Print a state at its first visit; later visits, which are alike, only after a silence."""
        if self._clock:
            self._clock.update(self._clock.task_ids[0], description=f"{component} {entered.state}")
        if entered.visit == 1 or entered.seconds - self._last_spoken >= _SILENCE:
            self._last_spoken = entered.seconds
            self.say(state_line(component, entered), "dim" if entered.visit > 1 else "")

    def end(self, component: str, end: ReleaseEnd, reason: str) -> None:
        """Print how the release ended."""
        line = end_line(component, end, reason)
        if end.released:
            self.say(line, "bold green")
            return
        self.refuse(line)


def terminal_display() -> Display:
    """Make the display of standard output and standard error."""
    return Display(Console(highlight=False), Console(stderr=True, highlight=False))

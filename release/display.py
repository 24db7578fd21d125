"""Shows a release while it runs: one line per state, and on a terminal a clock that shows it is alive."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from release.progress import ReleaseEnd, StateEntered

_SILENCE = 30.0  # seconds after which a loop says again that it goes on


def state_line(component: str, entered: StateEntered) -> str:
    """Return a line for a state, with the seconds since the release began; a loop says how often it was there."""
    again = f" ({entered.visit} times)" if entered.visit > 1 else ""
    return f"{component:<10}{entered.seconds:>8.1f} s  {entered.state}{again}"


def end_line(component: str, end: ReleaseEnd, reason: str) -> str:
    """Say how a release ended, in one line; `reason` is the ledger's, for a release that went well."""
    if end.released:
        return f"{component} is released, in {end.seconds:.1f} s" + (f": {reason}" if reason else "")
    where = f" in {end.state}" if end.state else ""
    return f"{component} is not released: {end.error}{where}, after {end.seconds:.1f} s: {_one_line(end.cause)}"


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


def _one_line(text: str) -> str:
    return " ".join(text.split())

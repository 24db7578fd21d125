"""How a release looks while it runs: one line per state, and on a terminal a clock that shows it is alive."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from release.progress import Ended, Entered

_SILENCE = 30.0  # seconds after which a loop says again that it goes on


def entered_line(component: str, entered: Entered) -> str:
    """A state, with the seconds since the release began; a loop says how often it has been there."""
    again = f" ({entered.visit} times)" if entered.visit > 1 else ""
    return f"{component:<10}{entered.seconds:>8.1f} s  {entered.state}{again}"


def ended_line(component: str, ended: Ended, reason: str) -> str:
    """How it ended, in one line; `reason` is the ledger's, for a release that went well."""
    if ended.released:
        return f"{component} is released, in {ended.seconds:.1f} s" + (f": {reason}" if reason else "")
    where = f" in {ended.state}" if ended.state else ""
    return f"{component} is not released: {ended.error}{where}, after {ended.seconds:.1f} s: {_one_line(ended.cause)}"


class Display:
    """Lines for people and for logs. The same lines everywhere: only the clock needs a terminal."""

    def __init__(self, out: Console, error: Console) -> None:
        self._out, self._error = out, error
        self._spoke = 0.0
        self._clock: Progress | None = None

    def say(self, line: str, style: str = "") -> None:
        """A line of the account."""
        self._out.print(Text(line, style), soft_wrap=True)

    def raw(self, text: str) -> None:
        """Output for tools, without a word of ours."""
        self._out.out(text, highlight=False)

    def refuse(self, line: str) -> None:
        """Why something was not done."""
        self._error.print(Text(line, "bold red"), soft_wrap=True)

    @contextmanager
    def following(self, component: str) -> Iterator[None]:
        """While a release is watched; `enter` belongs in here."""
        self._spoke = 0.0
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._out, transient=True, disable=not self._out.is_terminal) as clock:
            clock.add_task(component)
            self._clock = clock
            yield
        self._clock = None

    def enter(self, component: str, entered: Entered) -> None:
        """The first visit of a state at once; a loop only after a silence, for its visits are alike."""
        if self._clock:
            self._clock.update(self._clock.task_ids[0], description=f"{component} {entered.state}")
        if entered.visit == 1 or entered.seconds - self._spoke >= _SILENCE:
            self._spoke = entered.seconds
            self.say(entered_line(component, entered), "dim" if entered.visit > 1 else "")

    def end(self, component: str, ended: Ended, reason: str) -> None:
        """The verdict of the whole."""
        line = ended_line(component, ended, reason)
        if ended.released:
            self.say(line, "bold green")
            return
        self.refuse(line)


def _one_line(text: str) -> str:
    return " ".join(text.split())

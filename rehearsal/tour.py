"""Runs a rehearsal: deploys everything, plays the stories, and says what was promised and what was seen."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.text import Text

from rehearsal import report
from rehearsal.commands import StepFailedError
from rehearsal.memory import PeakMemory
from rehearsal.opening import open_stage
from rehearsal.stage import Stage
from rehearsal.stories import STORIES, TOUR, Story
from rehearsal.summary import Summary


class Tour:
    """One rehearsal of some stories; `folder` gets its files."""

    def __init__(
        self, environment: str, *, stories: Sequence[str], speed: float, folder: Path, console: Console
    ) -> None:
        self._stories = [STORIES[name] for name in stories]
        self._folder, self._console = folder, console
        self.summary = Summary(environment=environment, speed=speed)

    def run(self, *, keep: bool = False) -> bool:
        """Rehearse, and return whether every promise was kept. `keep`: wait for Enter before taking everything down."""
        began = monotonic()
        with _alone(self._folder), PeakMemory() as memory:
            try:
                self._play(keep)
            except StepFailedError as failure:
                self.summary.failed_step, self.summary.tail = failure.step, failure.tail
            except Exception as error:  # noqa: BLE001  (the outer edge: whatever it was, the summary must say so)
                self.summary.failed_step = f"{type(error).__name__}: {error}"
                self._console.print_exception(max_frames=8)
            finally:
                self.summary.seconds["total"] = round(monotonic() - began, 1)
                self.summary.peak_memory_mb = memory.peak_mb
                self._leave()
        return self.summary.good

    def _play(self, keep: bool) -> None:
        self._title(f"Deploying every stack of {self.summary.environment} to a local AWS")
        summary = self.summary
        with open_stage(
            summary.environment,
            folder=self._folder,
            speed=summary.speed,
            say=self._say,
            opened=summary.opened,
            pushes=any(story.pushes for story in self._stories),
        ) as stage:
            for story in self._stories:
                self._tell(story, stage)
            if keep:
                self._console.input(
                    f"\nIt stays up until you press Enter: {stage.aws['AWS_ENDPOINT_URL']}, {stage.door}\n"
                )

    def _tell(self, story: Story, stage: Stage) -> None:
        self._title(story.does)
        began = monotonic()
        played = story.run(stage)
        self.summary.played.append((story, played))
        self.summary.seconds[story.name] = round(monotonic() - began, 1)
        if story is STORIES[TOUR[0]] and not all(promise.kept for promise in played.promises):
            raise StepFailedError("the first release failed, so no other story was played")

    def _leave(self) -> None:
        """Write summary.json and report.html, and show the summary."""
        self.summary.write(self._folder / "summary.json")
        report.write(self.summary.as_dict(), self._folder / "report.html")
        self._console.print()
        self.summary.show(self._console)
        if self.summary.failed_step:
            self._console.print(Text(f"Failed: {self.summary.failed_step}", style="bold red"))
            self._console.print(Text("\n".join(self.summary.tail)))
        self._console.print(f"[dim]{self._folder}/summary.json, report.html[/dim]")

    def _title(self, text: str) -> None:
        self._console.print()
        self._console.rule(Text(text, style="bold"), align="left")

    def _say(self, line: str) -> None:
        text = Text.from_ansi(line)
        text.stylize("dim")
        self._console.print(Text("  ") + text, soft_wrap=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; exit if another rehearsal has it, for two would overwrite each other's files."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SystemExit(f"another rehearsal runs in {folder}: wait for it, or end it") from error
        yield

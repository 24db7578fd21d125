"""Sums up what a rehearsal has shown: writes `summary.json`, and shows the same to a person."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rehearsal.memory import MEASURE
from rehearsal.opening import Opened
from rehearsal.stories import TOUR, Figure, Played, Promise, Story
from release_engine.ledger import Outcome, Release

LONGEST_SECONDS, LARGEST_MB = 120.0, 1536.0
# The states that put the former digest back (docs/architecture.md).
UNDOING = ("RollBack", "PlanRollback", "VerifyRolledBack")


@dataclass
class Summary:
    """What a rehearsal has shown so far; filled while it runs, so that one cut short leaves what it saw."""

    environment: str
    speed: float
    opened: Opened = field(default_factory=Opened)
    played: list[tuple[Story, Played]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    failed_step: str | None = None
    tail: tuple[str, ...] = ()

    def promises(self) -> list[Promise]:
        """Return every promise: those of the deployment, then those of the stories in the order of playing."""
        stacks, wanted = self.opened.stacks, self.opened.wanted
        differing = ", ".join(self.opened.differing_templates) or "no difference"
        return [
            Promise("every step could be done", self.failed_step is None, self.failed_step or "all of them"),
            Promise(
                "every stack is deployed", bool(wanted) and stacks == wanted, f"{len(stacks)} of {len(wanted)} stacks"
            ),
            Promise("deployed templates are those of cdk synth", self.templates_identical, differing),
            *(promise for _, played in self.played for promise in played.promises),
        ]

    @property
    def aims_broken(self) -> list[str]:
        """The figures that missed their aim, each with its story, what was measured and what was aimed at."""
        broken = [figure for figure in self.figures() if figure["broken"]]
        return [f"{figure['story']}: {figure['name']}: {figure['broken']}" for figure in broken]

    @property
    def templates_identical(self) -> bool:
        """Whether every deployed template is that of `cdk synth`, byte for byte; false if nothing is deployed."""
        return bool(self.opened.stacks) and not self.opened.differing_templates

    @property
    def good(self) -> bool:
        """Whether every promise was kept. A broken aim is shown, but does not count: another machine may be slower."""
        return all(promise.kept for promise in self.promises())

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `summary.json`; docs/rehearsal.md explains the keys."""
        return {
            "environment": self.environment,
            "speed": self.speed,
            "good": self.good,
            "aims_broken": self.aims_broken,
            "failed_step": self.failed_step,
            "tail": list(self.tail),
            "templates_identical": self.templates_identical,
            "stacks_deployed": len(self.opened.stacks),
            "resources": self.opened.resources,
            "releases": self.releases(),
            "figures": self.figures(),
            "traffic": {story.name: _counts(played) for story, played in self.played if played.traffic},
            "seconds": self.all_seconds(),
            "peak_memory_mb": round(self.peak_memory_mb),
            "memory_measure": f"{MEASURE}, summed over this process and all that it started, sampled every second",
            "promises": self._by_name(),
            "seen": {promise.name: promise.seen for promise in self.promises()},
        }

    def _by_name(self) -> dict[str, bool]:
        """Return name -> kept; what several stories promise is kept only if each of them kept it."""
        kept: dict[str, bool] = {}
        for promise in self.promises():
            kept[promise.name] = promise.kept and kept.get(promise.name, True)
        return kept

    def releases(self) -> list[dict[str, Any]]:
        """Return every story's releases, as `account_of` tells them."""
        return [
            {"story": story.name} | account_of(release) for story, played in self.played for release in played.releases
        ]

    def figures(self) -> list[dict[str, Any]]:
        """Return every story's figures, then those of the whole rehearsal."""
        by_story = [(story.name, figure) for story, played in self.played for figure in played.figures]
        whole = [("the rehearsal", figure) for figure in self._whole()]
        return [{"story": story} | figure.as_dict() for story, figure in [*by_story, *whole]]

    def _whole(self) -> list[Figure]:
        """Return the figures of the whole rehearsal; only the tour has an aim for its seconds."""
        figures = [Figure("peak memory", round(self.peak_memory_mb), LARGEST_MB, "MB", MEASURE)]
        if tuple(story.name for story, _ in self.played) == TOUR and "total" in self.seconds:
            figures.append(Figure("seconds in all", round(self.seconds["total"]), LONGEST_SECONDS, "s"))
        return figures

    def all_seconds(self) -> dict[str, Any]:
        """Return the seconds of each step, of the releases by story and component, and of all that undid one."""
        releases: dict[str, float] = {}
        for release in self.releases():
            name = f"{release['story']} {release['component']}"
            releases[name] = round(releases.get(name, 0.0) + release["seconds"], 1)
        rollback = sum(release["rollback_seconds"] for release in self.releases())
        return {**self.opened.seconds, **self.seconds, "releases": releases, "rollback": round(rollback, 1)}

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.as_dict(), indent=2) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        """Print the summary for a person."""
        figures, broken = self.figures(), len(self.aims_broken)
        parts = [_releases(self.releases()), _traffic(self.as_dict()["traffic"]), _promises(self.promises())]
        parts.append(_figures(figures))
        title, colour = ("It held", "green") if self.good else ("It did not hold", "red")
        if broken:
            title += f" · {broken} {'aim' if broken == 1 else 'aims'} broken"
            colour = "yellow" if self.good else colour
        console.print(Panel(Group(*parts, self._footer()), title=title, border_style=colour, padding=(1, 2)))

    def _footer(self) -> Text:
        seconds = self.all_seconds()
        total, marks = seconds.get("total", 0.0), []
        marks.append(f"{self.as_dict()['stacks_deployed']} stacks, {self.opened.resources} resources")
        marks.append(f"{total:.0f} s in all")
        marks.append(f"set up {seconds.get('set_up', 0):.0f} s, deploy {seconds.get('deploy', 0):.0f} s")
        marks.append(f"peak memory {self.peak_memory_mb:.0f} MB {MEASURE}")
        return Text(" · ".join(marks), style="dim")


def _counts(played: Played) -> dict[str, Any]:
    return {component: dict(count) for component, count in played.traffic.items()}


def _releases(releases: list[dict[str, Any]]) -> Table:
    table = _table("Releases", "story", "component", "digest", "outcome", "seconds", "why")
    for release in releases:
        colour = "green" if release["outcome"] == "released" else "yellow"
        table.add_row(
            release["story"],
            release["component"],
            release["digest"][7:19],
            Text(release["outcome"], style=colour),
            f"{release['seconds']:.0f}",
            _why(release),
        )
    return table


def _why(release: Mapping[str, Any]) -> str:
    """Return the whole reason of a release that failed; of a good one, only how much was looked at."""
    reason = str(release["reason"] or "")
    return reason.partition(":")[0] if release["outcome"] == "released" else reason


def _traffic(phases: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
    table = _table("Users' requests", "during", "component", "requests", "failures", "p95")
    for phase, components in phases.items():
        for component, count in sorted(components.items()):
            failures = Text(str(count["failures"]), style="red" if count["failures"] else "green")
            table.add_row(phase, component, str(count["requests"]), failures, f"{count['p95_ms'] or 0:.0f} ms")
    return table


def _promises(promises: list[Promise]) -> Table:
    table = _table("Promises", "", "promise", "seen")
    for promise in promises:
        mark = Text("✔", style="green") if promise.kept else Text("✘", style="bold red")
        table.add_row(mark, promise.name, Text(promise.seen, style="dim" if promise.kept else "red"))
    return table


def _figures(figures: list[dict[str, Any]]) -> Table:
    table = _table("Figures", "", "figure", "measured", "aim", "of what")
    for figure in figures:
        mark = Text("✔", style="green") if figure["holds"] else Text("!", style="bold yellow")
        aim, seen = f"{figure['limit']:g} {figure['unit']}", Text(figure["seen"], style="dim")
        value = "not measured" if figure["value"] is None else f"{figure['value']:g} {figure['unit']}"
        measured = Text(figure["broken"] or value, style="yellow" if figure["broken"] else "")
        table.add_row(mark, figure["name"], measured, aim, seen)
    return table


def account_of(release: Release) -> dict[str, Any]:
    """Return a release of the ledger as the summary tells it.

    Seconds are those of the machine's states, which follow one another.
    """
    states = {name: round(seconds, 2) for name, seconds in release.seconds_by_state.items()}
    undoing = sum(seconds for name, seconds in states.items() if name.startswith(UNDOING))
    return {
        "component": release.component,
        "digest": release.digest,
        "former_digest": release.former_digest,
        "kind": release.kind.value,
        "outcome": release.outcome.value,
        "verdict": release.verdict,
        "reason": release.reason,
        "seconds": round(sum(states.values()), 1),
        "rollback_seconds": round(undoing, 1) if release.outcome is Outcome.ROLLED_BACK else 0.0,
        "seconds_by_state": states,
    }


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim"
    )
    for column in columns:
        table.add_column(column, justify="right" if column in ("seconds", "requests", "failures", "p95") else "left")
    return table

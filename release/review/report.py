"""Shows a review: on a terminal and in a log, as JSON for tools, and as the comment in a pull request.

A terminal gets one fact a line. The comment has first what a reviewer decides on, and is never longer than GitHub
takes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from release.review import wording
from release.review.changes import Change, Risk, all_changes
from release.review.cost import CostLine
from release.review.restarts import Restart
from release.review.review import Review

_STYLES = {Risk.NONE: "bold green", Risk.LOOK: "bold yellow", Risk.BLOCKED: "bold red"}
_MOST = 200  # more lines than that nobody reads on a terminal


def show(review: Review, console: Console) -> None:
    """Print the verdict first, the changes themselves last; each line is as long as it has to be."""
    for line in _lines(review):
        console.print(line, soft_wrap=True)


def as_document(review: Review) -> dict[str, Any]:
    """Return the review for tools; `risk` is the exit code, money is in US dollars a month."""
    return {
        "environment": review.comparison.environment,
        "base": review.comparison.base,
        "risk": int(review.risk),
        "verdict": review.risk.name,
        "stacks": _stacks(review),
        "findings": [asdict(finding) | {"risk": finding.risk.name} for finding in review.findings],
        "changes": [_change(change) for change in all_changes(review.stacks)],
        "restarts": [_restart(restart) for restart in review.restarts],
        "minutes": asdict(review.minutes),
        "cost": _cost(review),
        "going_back": {
            "possible": not review.obstacles,
            "obstacles": [asdict(obstacle) for obstacle in review.obstacles],
        },
        "drift": asdict(review.drift) if review.drift else None,
        "notes": list(review.notes),
    }


def _lines(review: Review) -> Iterator[Text]:
    where = f"{review.comparison.environment} against {review.comparison.base}"
    if not review.changes_something:
        yield Text(f"{where}: nothing changes", _STYLES[Risk.NONE])
    else:
        yield Text.assemble((wording.VERDICTS[review.risk], _STYLES[review.risk]), f": {where}")
        yield Text(wording.summary(review))
        yield from _findings(review)
        yield from _facts(review)
        yield from _changes(review)
    yield from (Text(f"note: {note}", "dim") for note in review.notes)


def _findings(review: Review) -> Iterator[Text]:
    for risk in (Risk.BLOCKED, Risk.LOOK):
        for text, acknowledge in wording.findings(review, risk):
            yield Text.assemble((f"{wording.VERDICTS[risk]:<14}", _STYLES[risk]), text)
            if acknowledge:
                yield Text(f"{'':<14}to let it pass, write in the description: {acknowledge}", "dim")


def _facts(review: Review) -> Iterator[Text]:
    restarts = (f"{number}. {wording.restart(restart)}" for number, restart in enumerate(review.restarts, 1))
    yield from _block("restarts", restarts)
    yield from _block("time", [wording.minutes(review)])
    yield from _block("cost", [wording.cost(review.cost), *_cost_lines(review)])
    yield from _block("going back", [wording.way_back(review), *wording.obstacles(review)])
    yield from _block("drift", [wording.drift(review), *(review.drift.unknown if review.drift else ())])


def _cost_lines(review: Review) -> Iterator[str]:
    costs = review.cost
    yield from (f"{line.path}: ${line.before:.2f} -> ${line.after:.2f}" for line in costs.lines)
    yield from (f"price of another region: {price}" for price in costs.elsewhere)
    yield from (f"not priced: {resource}" for resource in costs.not_priced)


def _changes(review: Review) -> Iterator[Text]:
    changes = list(all_changes(review.stacks))
    for change in changes[:_MOST]:
        details = "; ".join(wording.details(change))
        yield Text(f"{wording.impact(change):<18}{change.path} ({change.kind}) {details}".rstrip(), "dim")
    if len(changes) > _MOST:
        yield Text(f"… and {len(changes) - _MOST} more: --json has them all", "dim")


def _block(title: str, lines: Iterable[str]) -> Iterator[Text]:
    return (Text(f"{title if not position else '':<14}{line}") for position, line in enumerate(lines))


def _stacks(review: Review) -> dict[str, list[str]]:
    return {
        "added": [stack.name for stack in review.stacks if stack.old is None],
        "removed": [stack.name for stack in review.stacks if stack.new is None],
        "changed": [stack.name for stack in review.stacks if stack.old is not None and stack.new is not None],
    }


def _restart(restart: Restart) -> dict[str, Any]:
    names = ("component", "service", "why", "stops_first")
    return {name: getattr(restart, name) for name in names}


def _change(change: Change) -> dict[str, Any]:
    return {
        "stack": change.stack,
        "path": change.path,
        "logical_id": change.logical_id,
        "type": change.kind,
        "impact": change.impact.value,
        "properties": [
            {"name": changed.name, "impact": changed.impact.value, "old": changed.old, "new": changed.new}
            for changed in change.properties
        ],
        "others": list(change.others),
    }


def _cost(review: Review) -> dict[str, Any]:
    cost = review.cost
    return {
        "difference": cost.difference,
        "checked": cost.checked.isoformat(),
        "lines": [asdict(line) for line in cost.lines],
        "not_priced": list(cost.not_priced),
        "prices_of_another_region": list(cost.elsewhere),
    }


LIMIT = 60_000  # GitHub refuses a comment of more than 65,536 characters
_LONGEST_ITEM = 1_000
_LONGEST_CELL = 300
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")


def marker(environment: str) -> str:
    """Return the first line of an environment's comment, by which it is found again; GitHub does not show it."""
    return f"<!-- exchange-release diff: {environment} -->"


@dataclass(frozen=True)
class CommentSection:
    """Holds a part of the comment; `items` may be cut short, from the end; `title` and `end` never are."""

    title: str
    items: Sequence[str] = ()
    end: str = ""


def render(review: Review, limit: int | None = LIMIT) -> str:
    """Return the comment, empty when nothing changes; what `limit` cuts off is counted, ``limit=None`` cuts nothing."""
    if not review.changes_something:
        return ""
    sections = list(_sections(review))
    if limit is None:
        return (
            "\n".join(line for section in sections for line in (section.title, *section.items, section.end) if line)
            + "\n"
        )
    return _fitted(sections, limit)


def _fitted(sections: Sequence[CommentSection], limit: int) -> str:
    """Cut items off so that all fits.

    Every section keeps its title and the line that counts what is left out; none takes more than half of the room
    that those before it left, for the sake of those after it.
    """
    room = limit - sum(
        len(section.title) + len(section.end) + len(_cut(len(section.items))) + 3 for section in sections
    )
    lines: list[str] = []
    for number, section in enumerate(sections, 1):
        items = list(_first_of(section.items, room if number == len(sections) else room // 2))
        room -= sum(len(item) + 1 for item in items)
        missing = len(section.items) - len(items)
        lines += [section.title, *items, _cut(missing) if missing else "", section.end]
    return "\n".join(line for line in lines if line) + "\n"


def _first_of(items: Sequence[str], room: int) -> Iterator[str]:
    for item in items:
        room -= len(item) + 1
        if room < 0:
            return
        yield item


def _cut(count: int) -> str:
    return f"\n… and {count} more, in the artifact of this run."


def _sections(review: Review) -> Iterator[CommentSection]:
    environment, verdict = review.comparison.environment, wording.VERDICTS[review.risk]
    yield CommentSection(f"{marker(environment)}\n### Infrastructure of `{environment}`: {verdict}\n")
    yield CommentSection(f"{_plain(wording.summary(review))}, against {_code(review.comparison.base)}.\n")
    for risk, title in ((Risk.BLOCKED, "Blocked"), (Risk.LOOK, "Needs a look")):
        if items := [_finding(line, acknowledge) for line, acknowledge in wording.findings(review, risk)]:
            yield CommentSection(f"**{title}**\n", items, end=_how_to_pass(risk))
    if review.restarts:
        restarts = [_item(f"{number}. ", wording.restart(restart)) for number, restart in enumerate(review.restarts, 1)]
        yield CommentSection("\n**Services that restart, in this order**\n", restarts)
    yield CommentSection(f"\n**Time**: {wording.minutes(review)}.")
    yield from _money(review)
    yield CommentSection(
        f"\n**Going back**: {_plain(wording.way_back(review))}.", _items(list(wording.obstacles(review)))
    )
    unknown = review.drift.unknown if review.drift else ()
    yield CommentSection(f"\n**Drift**: {wording.drift(review)}.", _items(unknown))
    if review.notes:
        yield CommentSection("\n**Notes**\n", _items(review.notes))
    yield from _every_change(review)


def _how_to_pass(risk: Risk) -> str:
    if risk is not Risk.BLOCKED:
        return ""
    return "\nTo let it pass, write these lines in the description of the pull request, if the data may go.\n"


def _money(review: Review) -> Iterator[CommentSection]:
    costs = review.cost
    yield CommentSection(f"\n**Cost**: {wording.cost(costs)}.", [_cost_line(line) for line in costs.lines])
    if costs.elsewhere:
        yield CommentSection("\nPrices of another region, for want of this one's:", _items(costs.elsewhere))
    if costs.not_priced:
        yield CommentSection("\nNot priced:", _items(costs.not_priced))


def _every_change(review: Review) -> Iterator[CommentSection]:
    changes = list(all_changes(review.stacks))
    head = "| stack | what | resource | type | changes |\n| --- | --- | --- | --- | --- |"
    title = f"\n<details><summary>All changes ({len(changes)})</summary>\n\n{head}"
    yield CommentSection(title, [_row(change) for change in changes], end="\n</details>")


def _finding(text: str, acknowledge: str | None) -> str:
    line = _item("- ", text)
    return f"{line}\n  {_code(acknowledge)}" if acknowledge else line


def _cost_line(line: CostLine) -> str:
    return _item("- ", f"{line.path}: ${line.before:.2f} -> ${line.after:.2f}")


def _row(change: Change) -> str:
    path = change.path.removeprefix(f"{change.stack}/")
    cells = (change.stack, wording.impact(change), path, change.kind, "; ".join(wording.details(change)))
    return f"| {' | '.join(_plain(_short(cell, _LONGEST_CELL)) for cell in cells)} |"


def _items(lines: Sequence[str]) -> list[str]:
    return [_item("- ", line) for line in lines]


def _item(bullet: str, text: str) -> str:
    return f"{bullet}{_plain(_short(text))}"


def _short(text: str, longest: int = _LONGEST_ITEM) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _plain(text: str) -> str:
    """Escape words from templates, so that nothing in them is markup, calls anybody, or ends a line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("@", "@<!-- -->")


def _code(text: str) -> str:
    return f"`{' '.join(text.split()).replace('`', chr(39))}`"

"""Writes the comment in a pull request: what a reviewer decides on first, and never longer than GitHub takes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from release.review import wording
from release.review.changes import Change, Risk, all_changes
from release.review.cost import CostLine
from release.review.review import Review

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

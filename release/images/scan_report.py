"""What `scan` shows: one table for people, one object for tools."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from release.images.findings import CRITICAL
from release.images.scan_verdict import Image, Judged

_COLUMNS = ("component", "severity", "finding", "package", "fixed in", "verdict")
_WIDE = 1000  # a log has no width: nothing is cut off or broken there


def show(images: Sequence[Image], console: Console) -> None:
    """A row for each critical finding, and one for all the others of a component; without lines in a log."""
    terminal = console.is_terminal
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for image in images:
        for row, style in _rows(image):
            table.add_row(*(Text(cell) for cell in row), style=style)
    if terminal:
        console.print(table)
        return
    for line in _lines(table):
        console.print(line, soft_wrap=True)


def as_data(images: Sequence[Image]) -> dict[str, Any]:
    """For tools, with every finding."""
    return {
        "blocked": any(one.blocked for one in images),
        "images": {one.component: _image(one) for one in images},
    }


def _image(image: Image) -> dict[str, Any]:
    found = [asdict(one.finding) | {"blocks": one.blocks, "said": one.said} for one in image.findings]
    return {"digest": image.digest, "blocked": image.blocked, "problem": image.problem or None, "findings": found}


def _rows(image: Image) -> Iterator[tuple[tuple[str, ...], str]]:
    if image.problem:
        yield (image.component, "unknown", "", "", "", image.problem), "bold red"
        return
    critical = [one for one in image.findings if one.finding.severity == CRITICAL]
    yield from ((_cells(image.component, one), "bold red" if one.blocks else "yellow") for one in critical)
    verdict = "blocked" if image.blocked else "may be released"
    yield (image.component, "all", image.summary, "", "", verdict), "" if image.blocked else "green"


def _cells(component: str, one: Judged) -> tuple[str, ...]:
    found = one.finding
    return component, found.severity.lower(), found.id, found.package, found.fixed_in or "-", one.said


def _lines(table: Table) -> Iterator[Text]:
    """The table's lines as wide as they are, without the blanks at their ends."""
    plain = Console(width=_WIDE, force_terminal=False, highlight=False, no_color=True)
    with plain.capture() as taken:
        plain.print(table)
    yield from (Text(line.rstrip()) for line in taken.get().splitlines())

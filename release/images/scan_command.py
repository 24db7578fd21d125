"""How `scan` is typed, and what it ends with."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console

from release.arguments import parse_targets
from release.display import Display
from release.images.scan import ScanError, Scans
from release.images.scan_report import as_data, show
from release.images.scan_verdict import Image, judged
from release.outcomes import NOT_RELEASED, refusing
from release.surroundings import Desk
from settings.allowed_findings import load_allowed
from settings.loading import CONFIG

Targets = Annotated[list[str] | None, typer.Argument(metavar="COMPONENT=DIGEST...", help="In any order.")]
Json = Annotated[bool, typer.Option("--json", help="For tools.")]


def scan(context: typer.Context, targets: Targets = None, *, as_json: Json = False) -> None:
    """Fail when the registry has a critical finding in one of the images, unless config/allowed_findings.toml has it.

    Ends with 0: none, 1: blocked, or not known; 2: it could not be asked.
    """
    console = Console(highlight=False)
    display = Display(console, Console(stderr=True, highlight=False))
    with refusing(display):
        images = look(context.obj, targets or [])
    if as_json:
        display.raw(json.dumps(as_data(images), indent=2))
    else:
        show(images, console)
    if blocked := [one.component for one in images if one.blocked]:
        display.refuse(f"not to be released: {', '.join(blocked)}; see docs/runbook.md")
        raise typer.Exit(NOT_RELEASED)


def look(desk: Desk, targets: list[str]) -> list[Image]:
    """All of them, whatever is found in the first."""
    settings = desk.settings()
    wanted: Mapping[str, str] = parse_targets(targets, settings.chain)
    today = _today(desk)
    allowed = load_allowed(settings.chain, today, CONFIG)
    scans = Scans(desk.around.clients(settings.region)("ecr"), desk.around.pause)
    images = []
    for component, digest in wanted.items():
        try:
            found = scans.findings(settings.repository_name(component), digest)
        except ScanError as error:
            images.append(Image(component, digest, problem=str(error)))
            continue
        images.append(judged(component, digest, found, allowed, today))
    return images


def add_to(app: typer.Typer) -> None:
    """To the command line."""
    app.command("scan")(scan)


def _today(desk: Desk) -> date:
    return datetime.fromtimestamp(desk.around.now(), UTC).date()

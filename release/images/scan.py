"""`scan`: tells whether images may go out with what was found in them, by the allow-list and the day."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from release.cli_context import CliContext
from release.command_line import FAILED, Json, Targets, parse_targets, refusing
from release.images.image_scans import CRITICAL, SEVERITIES, ScanError, Scans, Vulnerability
from settings.allowed_findings import Allowed, load_allowed
from settings.loading import CONFIG

_COLUMNS = ("component", "severity", "finding", "package", "fixed in", "verdict")
_WIDE = 1000  # a log has no width: nothing is cut off or broken there


@dataclass(frozen=True)
class JudgedVulnerability:
    """Holds a finding and whether it blocks; `verdict` says until when and why it is allowed, or why not."""

    vulnerability: Vulnerability
    blocks: bool
    verdict: str


@dataclass(frozen=True)
class ScannedImage:
    """Holds what was found in a component's image.

    `problem` is why nothing is known of the image, which blocks like a finding.
    """

    component: str
    digest: str
    findings: tuple[JudgedVulnerability, ...] = ()
    problem: str = ""

    @property
    def blocked(self) -> bool:
        return bool(self.problem) or any(finding.blocks for finding in self.findings)

    @property
    def summary(self) -> str:
        """Return such as `2 critical, 5 high`, without the severities of which there are none."""
        counted = Counter(finding.vulnerability.severity for finding in self.findings)
        usual = [name for name in SEVERITIES if counted[name]]
        others = sorted(counted.keys() - set(SEVERITIES))
        return ", ".join(f"{counted[name]} {name.lower()}" for name in (*usual, *others)) or "nothing"


def scan(context: typer.Context, targets: Targets = None, *, as_json: Json = False) -> None:
    """Fail when the registry has a critical finding in one of the images, unless config/allowed_findings.toml has it.

    Ends with 0: none, 1: blocked, or not known; 2: it could not be asked.
    """
    cli: CliContext = context.obj
    with refusing(cli.display):
        images = look(cli, targets or [])
    if as_json:
        cli.display.raw(json.dumps(as_data(images), indent=2))
    else:
        show(images, cli.display.console)
    if blocked := [image.component for image in images if image.blocked]:
        cli.display.refuse(f"not to be released: {', '.join(blocked)}; see docs/runbook.md")
        raise typer.Exit(FAILED)


def look(cli: CliContext, targets: list[str]) -> list[ScannedImage]:
    """Judge all of the images, whatever is found in the first."""
    settings = cli.settings()
    digests = parse_targets(targets, settings.chain)
    today = datetime.fromtimestamp(cli.now(), UTC).date()
    allowed = load_allowed(settings.chain, today, CONFIG)
    scans = Scans(cli.clients_in(settings.region)("ecr"), cli.pause)
    images = []
    for component, digest in digests.items():
        try:
            findings = scans.findings(settings.repository_name(component), digest)
        except ScanError as error:
            images.append(ScannedImage(component, digest, problem=str(error)))
            continue
        images.append(judged(component, digest, findings, allowed, today))
    return images


def judged(
    component: str, digest: str, findings: Sequence[Vulnerability], allowed: Sequence[Allowed], today: date
) -> ScannedImage:
    """Judge the findings in an image: a critical one blocks unless an entry that has not expired speaks of it."""
    return ScannedImage(component, digest, tuple(_judged(finding, component, allowed, today) for finding in findings))


def _judged(finding: Vulnerability, component: str, allowed: Sequence[Allowed], today: date) -> JudgedVulnerability:
    if finding.severity != CRITICAL:
        return JudgedVulnerability(finding, False, "")
    entries = sorted((entry for entry in allowed if entry.covers(component, finding.id)), key=lambda entry: entry.until)
    if not entries:
        return JudgedVulnerability(finding, True, "blocks")
    last = entries[-1]
    if last.expired(today):
        days = (today - last.until).days
        since = f"{days} days" if days > 1 else "one day"
        return JudgedVulnerability(finding, True, f"blocks: it was allowed until {last.until}, which is {since} ago")
    return JudgedVulnerability(finding, False, f"allowed until {last.until}: {last.reason}")


def as_data(images: Sequence[ScannedImage]) -> dict[str, Any]:
    """Return the images for tools, with every finding."""
    return {
        "blocked": any(image.blocked for image in images),
        "images": {image.component: _image_data(image) for image in images},
    }


def _image_data(image: ScannedImage) -> dict[str, Any]:
    findings = [asdict(each.vulnerability) | {"blocks": each.blocks, "said": each.verdict} for each in image.findings]
    problem = image.problem or None
    return {"digest": image.digest, "blocked": image.blocked, "problem": problem, "findings": findings}


def show(images: Sequence[ScannedImage], console: Console) -> None:
    """Print a row for each critical finding, and one for all the others of a component; without lines in a log."""
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


def _rows(image: ScannedImage) -> Iterator[tuple[tuple[str, ...], str]]:
    if image.problem:
        yield (image.component, "unknown", "", "", "", image.problem), "bold red"
        return
    critical = [each for each in image.findings if each.vulnerability.severity == CRITICAL]
    yield from ((_cells(image.component, each), "bold red" if each.blocks else "yellow") for each in critical)
    verdict = "blocked" if image.blocked else "may be released"
    yield (image.component, "all", image.summary, "", "", verdict), "" if image.blocked else "green"


def _cells(component: str, finding: JudgedVulnerability) -> tuple[str, ...]:
    about = finding.vulnerability
    return component, about.severity.lower(), about.id, about.package, about.fixed_in or "-", finding.verdict


def _lines(table: Table) -> Iterator[Text]:
    """Return the table's lines as wide as they are, without the blanks at their ends."""
    plain = Console(width=_WIDE, force_terminal=False, highlight=False, no_color=True)
    with plain.capture() as captured:
        plain.print(table)
    yield from (Text(line.rstrip()) for line in captured.get().splitlines())

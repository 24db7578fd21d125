"""How `infrastructure` is typed."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from release.display import Display
from release.infrastructure import command
from release.infrastructure.command import Request
from settings.loading import ROOT

Assembly = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="What `make synth` wrote, instead of synthesizing anew.")
]
Acknowledge = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Lines that acknowledge losses: see docs/pull-requests.md.")
]


def infrastructure(context: typer.Context, *, assembly: Assembly = None, acknowledge: Acknowledge = None) -> None:
    """Deploy the stacks that differ from what is deployed, all but the pipeline's, while no release can begin.

    Ends with 0: all is deployed as described, 1: it is not, 2: bad input, 3: blocked by what would be lost.
    """
    console = Console(highlight=False)
    display = Display(console, Console(stderr=True, highlight=False))
    command.run(context.obj, display, console, Request(ROOT, assembly, acknowledge))


def add_to(app: typer.Typer) -> None:
    """To the command line."""
    app.command("infrastructure")(infrastructure)

"""Composes the commands of the operator's command line, and makes what they share."""

from dataclasses import replace
from importlib.metadata import version
from typing import Annotated

import typer

from release.cli_context import CliContext
from release.github import approval, comment
from release.images.content import version as version_command
from release.images.image import image, registry
from release.images.scan import scan
from release.infrastructure.command import infrastructure
from release.progress import terminal_display
from release.review.diff import VerdictCommand, diff
from release.rollback import rollback, unwind
from release.start import start
from release.status import address, running, status

NAME = "exchange-release"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{NAME} {version(NAME)}")
        raise typer.Exit


Environment = Annotated[
    str, typer.Option("--environment", "-e", envvar="EXCHANGE_ENVIRONMENT", help="Which environment of config/.")
]
Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
]

app = typer.Typer(no_args_is_help=True, help="Releases components by digest, rolls them back, shows what runs.")


@app.callback()
def make_context(context: typer.Context, environment: Environment = "staging", *, _version: Version = False) -> None:
    """Releases components by digest, rolls them back, shows what runs."""
    given = context.obj if isinstance(context.obj, CliContext) else CliContext()
    context.obj = replace(given, environment=environment, display=terminal_display())


app.command()(start)
app.command()(rollback)
app.command()(unwind)
app.command()(running)
app.command()(status)
app.command(cls=VerdictCommand)(diff)
app.command()(comment)
app.command()(infrastructure)
app.command("version")(version_command)
app.command()(registry)
app.command()(image)
app.command()(scan)
app.command()(approval)
app.command()(address)


def main() -> None:
    """Run the command line, as the console command `exchange-release`."""
    app(prog_name=NAME)

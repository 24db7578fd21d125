"""How `diff` and `comment` are typed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand

from release.display import Display
from release.review import command
from release.review.comment import comment_from_file
from release.review.request import Request
from settings.loading import ROOT

_AUTHOR = "github-actions[bot]"
Base = Annotated[str, typer.Option(metavar="REF", help="Branch, tag or commit to compare the present tree with.")]
Description = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The pull request's text, which may acknowledge losses.")
]
Markdown = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A comment for the pull request; empty when nothing changes.")
]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="For tools.")]
ChangeSet = Annotated[
    bool, typer.Option("--change-set", help="Compare with what is deployed; CloudFormation says how.")
]
Drift = Annotated[bool, typer.Option("--drift/--no-drift", help="Look for what was changed outside of CloudFormation.")]
Comment = Annotated[Path, typer.Argument(help="What `diff --markdown` wrote.")]
Number = Annotated[int, typer.Option("--pull-request", metavar="NUMBER", min=1)]
Author = Annotated[str, typer.Option(help="Whose comments are ours: the account of the token.")]


class Verdict(TyperCommand):
    """A command whose exit code 2 is a verdict: what was typed wrongly ends with 1, as every failure does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As ever, but for the exit code."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            vars(error)["exit_code"] = command.FAILED
            raise


def diff(
    context: typer.Context,
    *,
    base: Base,
    description: Description = None,
    markdown: Markdown = None,
    as_json: Json = None,
    change_set: ChangeSet = False,
    drift: Drift = False,
) -> None:
    """Say what a change of the infrastructure would do.

    Ends with 0: nothing risky, 2: needs a look, 3: blocked; 1: no verdict.
    """
    request = Request(ROOT, base, description, markdown, as_json, change_set=change_set, drift=drift)
    command.run(context.obj, _display(), Console(highlight=False), request)


def comment(context: typer.Context, file: Comment, *, number: Number, author: Author = _AUTHOR) -> None:
    """Write the environment's comment in a pull request, or bring it up to date; needs GITHUB_TOKEN."""
    display = _display()
    with command.failing(display):
        display.say(comment_from_file(file, context.obj.environment, number, author))


def add_to(app: typer.Typer) -> None:
    """Both, to the command line."""
    app.command("diff", cls=Verdict)(diff)
    app.command("comment")(comment)


def _display() -> Display:
    return Display(Console(highlight=False), Console(stderr=True, highlight=False))

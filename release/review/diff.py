"""`diff`: synthesizes the base and the present tree, compares, and says what a reviewer has to know."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from release.cli_context import CliContext
from release.command_line import FAILED, failing, refusing, write_file
from release.review.cdk_diff import TemplatePair, compare_together
from release.review.changes import DiffError, StackChange
from release.review.deployed import DeployedStacks, Drift, NotComparableError, look_for_drift
from release.review.replacements import acknowledgements_in
from release.review.report import LIMIT, as_document, render, show
from release.review.review import Comparison, Review, review
from release.review.synths import Synths, synthesize
from release_aws.clients import AwsClient
from settings.loading import ROOT

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
LookForDrift = Annotated[
    bool, typer.Option("--drift/--no-drift", help="Look for what was changed outside of CloudFormation.")
]


class VerdictCommand(TyperCommand):
    """Ends with 1 for what was typed wrongly, as for every failure: the usual exit code 2 is a verdict here."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as ever, but for the exit code."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            vars(error)["exit_code"] = FAILED
            raise


@dataclass(frozen=True)
class DiffRequest:
    """Holds what is asked of `diff`.

    `description` is a file with the pull request's text; `change_set` and `drift` ask AWS.
    """

    root: Path
    base: str
    description: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    change_set: bool = False
    drift: bool = False


def diff(
    context: typer.Context,
    *,
    base: Base,
    description: Description = None,
    markdown: Markdown = None,
    as_json: Json = None,
    change_set: ChangeSet = False,
    drift: LookForDrift = False,
) -> None:
    """Say what a change of the infrastructure would do.

    Ends with 0: nothing risky, 2: needs a look, 3: blocked; 1: no verdict.
    """
    cli: CliContext = context.obj
    request = DiffRequest(ROOT, base, description, markdown, as_json, change_set=change_set, drift=drift)
    with refusing(cli.display, code=FAILED), failing(cli.display, DiffError):
        reviewed = review_of(cli, request)
        write(reviewed, request)
    show(reviewed, cli.display.console)
    raise typer.Exit(int(reviewed.risk))


def review_of(cli: CliContext, request: DiffRequest) -> Review:
    """Review an environment; AWS is asked only for what the request wants of it."""
    settings = cli.settings()
    acknowledged = acknowledgements_in(request.description, "--description")
    synths = synthesize(request.root, request.base, settings.environment)
    notes = list(synths.notes)
    pairs = list(pairs_of(synths))
    client = cli.clients_in(settings.region)("cloudformation") if request.change_set or request.drift else None
    if client and request.change_set:
        pairs = [_as_deployed(DeployedStacks(client, cli.pause), pair, notes) for pair in pairs]
    stacks = compare_together(pairs)
    return review(
        Comparison.of(settings, request.base),
        stacks,
        acknowledged=acknowledged,
        templates=synths.head.templates,
        drift=_drift(client, stacks, cli) if client and request.drift else None,
        notes=notes,
    )


def pairs_of(synths: Synths) -> Iterator[TemplatePair]:
    """Pair the templates in the order of deployment; stacks that go come last."""
    base, head = synths.base.templates, synths.head.templates
    yield from (TemplatePair(name, base.get(name), template) for name, template in head.items())
    yield from (TemplatePair(name, template, None) for name, template in base.items() if name not in head)


def write(reviewed: Review, request: DiffRequest) -> None:
    """Write the files that the request names; a comment that had to be cut has its whole text beside it."""
    if request.json:
        write_file(request.json, json.dumps(as_document(reviewed), indent=2) + "\n")
    if request.markdown:
        whole, comment = render(reviewed, limit=None), render(reviewed, limit=LIMIT)
        write_file(request.markdown, comment)
        beside = request.markdown.with_suffix(".full.md")
        beside.unlink(missing_ok=True)
        if whole != comment:
            write_file(beside, whole)


def _as_deployed(deployed: DeployedStacks, pair: TemplatePair, notes: list[str]) -> TemplatePair:
    """Put the deployed template in the place of the base's: it is what the change would meet."""
    try:
        old = deployed.template(pair.name)
        differs = old is not None and pair.new is not None and old != pair.new
        change_set = deployed.change_set(pair.name, pair.new or {}) if differs else None
    except NotComparableError as reason:
        notes.append(f"{pair.name}: no change set: {reason}; compared with the base's template")
        return pair
    return TemplatePair(pair.name, old, pair.new, change_set)


def _drift(client: AwsClient, stacks: Sequence[StackChange], cli: CliContext) -> Drift:
    return look_for_drift(client, [stack.name for stack in stacks if stack.old is not None], cli.pause)

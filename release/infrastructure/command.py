"""`infrastructure`: compares what is described with what is deployed, judges it, and deploys what differs."""

from pathlib import Path
from typing import Annotated

import typer

from release.cli_context import CliContext
from release.command_line import failing, refusing, terminated_as_interrupted
from release.infrastructure.deploying import deploy_locked
from release.infrastructure.differences import Differences, NotDeployableError, differences
from release.review.cdk_diff import compare_together
from release.review.changes import DiffError, Risk
from release.review.deployed import DeployedStacks
from release.review.replacements import Acknowledgements, acknowledgements_in
from release.review.report import show
from release.review.review import Comparison, Review, review
from release.review.synths import Assembly, read_assembly, synthesize_into
from release_aws.cloudformation import Stacks
from release_engine.ledger import OvertakenError
from settings.loading import ROOT, Settings

BLOCKED = int(Risk.BLOCKED)
_PIPELINE = "pipeline"  # a pipeline that changed itself would break off what it is doing

AssemblyFolder = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="What `make synth` wrote, instead of synthesizing anew.")
]
Acknowledge = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Lines that acknowledge losses: see docs/pull-requests.md.")
]


def infrastructure(context: typer.Context, *, assembly: AssemblyFolder = None, acknowledge: Acknowledge = None) -> None:
    """Deploy the stacks that differ from what is deployed, all but the pipeline's, while no release can begin.

    Ends with 0: all is deployed as described, 1: it is not, 2: bad input, 3: blocked by what would be lost.
    """
    cli: CliContext = context.obj
    errors = (NotDeployableError, DiffError, OvertakenError)
    with terminated_as_interrupted(), refusing(cli.display), failing(cli.display, *errors):
        settings = cli.settings()
        acknowledged = acknowledgements_in(acknowledge, "--acknowledge")
        folder = (assembly or ROOT / "cdk.out" / settings.environment).resolve()
        described = _described(settings, folder, synthesized=assembly is not None)
        compared = _compared(described, cli, settings)
        for name in compared.left:
            cli.display.say(f"{name} differs and is left alone: no pipeline changes itself; `cdk deploy` it", "yellow")
        if not compared.names:
            cli.display.say(f"{settings.environment}: everything is deployed as it is described")
            return
        _refuse_losses(_reviewed(settings, compared, described, acknowledged), cli)
        deploy_locked(cli, settings, compared.names, root=ROOT, assembly=folder)


def _described(settings: Settings, folder: Path, *, synthesized: bool) -> Assembly:
    """Return the assembly, synthesized now or before; refuse that of another environment."""
    if not synthesized:
        return synthesize_into(ROOT, settings.environment, folder)
    assembly = read_assembly(folder)
    if other := [name for name in assembly.templates if not name.startswith(settings.stack_name(""))]:
        raise NotDeployableError(f"{folder} is of another environment than {settings.environment}: it has {other[0]}")
    return assembly


def _compared(assembly: Assembly, cli: CliContext, settings: Settings) -> Differences:
    client = cli.clients_in(settings.region)("cloudformation")
    alone = [settings.stack_name(_PIPELINE)]
    return differences(assembly.templates, Stacks(client), DeployedStacks(client, cli.pause), alone)


def _reviewed(settings: Settings, compared: Differences, assembly: Assembly, acknowledged: Acknowledgements) -> Review:
    """Judge by the rules of a pull request's review, against what is deployed now."""
    return review(
        Comparison.of(settings, "what is deployed"),
        compare_together(compared.pairs),
        acknowledged=acknowledged,
        templates=assembly.templates,
    )


def _refuse_losses(reviewed: Review, cli: CliContext) -> None:
    show(reviewed, cli.display.console)
    if reviewed.risk is Risk.BLOCKED:
        cli.display.refuse("nothing was deployed: see docs/runbook.md")
        raise typer.Exit(BLOCKED)

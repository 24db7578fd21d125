"""`infrastructure`: compares what is described with what is deployed, judges it, and deploys what differs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from release.cli_context import CliContext
from release.command_line import failing, refusing, terminated_as_interrupted
from release.infrastructure.deploying import NEVER_CREATED, NotDeployableError, deploy_locked
from release.review.cdk_diff import CDK_METADATA, TemplatePair, compare_together
from release.review.changes import DiffError, Json, Risk
from release.review.deployed import DeployedStacks, NotComparableError
from release.review.replacements import Acknowledgements, acknowledgements_in
from release.review.report import show
from release.review.review import Comparison, Review, review
from release.review.synths import Assembly, read_assembly, synthesize_into
from release_aws.cloudformation import Stacks
from release_engine.ledger import OvertakenError
from settings.loading import ROOT, Settings

BLOCKED = int(Risk.BLOCKED)
_PIPELINE = "pipeline"  # a pipeline that changed itself would break off what it is doing
_METADATA_AVAILABLE = "CDKMetadataAvailable"

AssemblyFolder = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="What `make synth` wrote, instead of synthesizing anew.")
]
Acknowledge = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Lines that acknowledge losses: see docs/pull-requests.md.")
]


@dataclass(frozen=True)
class Differences:
    """Holds all stacks as they are deployed and described.

    `left` names stacks that differ and are left alone: deploying them is for a person.
    """

    pairs: tuple[TemplatePair, ...]
    left: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """List what is to be deployed, in this order."""
        return tuple(pair.name for pair in self.pairs if _differs(pair))


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
    """Compare the assembly with what is deployed, stack by stack; the pipeline's stack is never to be deployed."""
    client = cli.clients_in(settings.region)("cloudformation")
    stacks, deployed, pipeline = Stacks(client), DeployedStacks(client, cli.pause), settings.stack_name(_PIPELINE)
    templates = assembly.templates.items()
    pairs = [TemplatePair(name, _deployed(name, stacks, deployed), template) for name, template in templates]
    left = tuple(pair.name for pair in pairs if pair.name == pipeline and _differs(pair))
    return Differences(tuple(pair for pair in pairs if pair.name != pipeline), left)


def _deployed(name: str, stacks: Stacks, deployed: DeployedStacks) -> Json | None:
    """Return the template that is deployed; None for a stack that is not there, or that was never created."""
    stack = stacks.describe(name)
    if stack is None or stack.status in NEVER_CREATED:
        return None
    try:
        return deployed.template(name)
    except NotComparableError as error:
        raise NotDeployableError(f"{name} cannot be compared with what is deployed: {error}") from error


def _differs(pair: TemplatePair) -> bool:
    """Tell whether the templates differ in more than the note of which constructs were used.

    That note is not the same in every synth, and deploys nothing:
    https://docs.aws.amazon.com/cdk/v2/guide/usage-data.html
    """
    return _without_metadata(pair.old) != _without_metadata(pair.new)


def _without_metadata(template: Json | None) -> Json | None:
    if template is None:
        return None
    entries = template.get("Resources", {}).items()
    resources = {id_: resource for id_, resource in entries if resource.get("Type") != CDK_METADATA}
    conditions = {name: rule for name, rule in template.get("Conditions", {}).items() if name != _METADATA_AVAILABLE}
    return {**template, "Resources": resources, "Conditions": conditions}


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

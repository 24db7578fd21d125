"""`infrastructure`: what differs is compared, judged, and deployed while no release can begin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from release.display import Display
from release.infrastructure.deploying import carry_out
from release.infrastructure.differences import Differences, differences
from release.infrastructure.errors import NotDeployableError
from release.outcomes import NOT_RELEASED, refusing
from release.review.acknowledgements import Acknowledged, read_acknowledgements
from release.review.assembly import Assembly, read_assembly
from release.review.cost import list_prices
from release.review.deployed import Deployed
from release.review.errors import DiffError
from release.review.findings import Risk
from release.review.propagation import compare_together
from release.review.review import Review, Setting, review
from release.review.synths import synthesize_into
from release.review.terminal import show
from release.surroundings import Desk
from release.termination import terminated_as_interrupted
from release_aws.cloudformation import Stacks
from release_engine.ledger import OvertakenError
from settings.loading import Settings

BLOCKED = int(Risk.BLOCKED)
_PIPELINE = "pipeline"  # a pipeline that changed itself would break off what it is doing (F19)


@dataclass(frozen=True)
class Request:
    """`root` is the project; without `assembly` it is synthesized; `acknowledged` is a file that lets losses pass."""

    root: Path
    assembly: Path | None = None
    acknowledged: Path | None = None


def run(desk: Desk, display: Display, console: Console, request: Request) -> None:
    """Ends normally when everything is as it is described; blocked is 3, as `diff` has it."""
    with terminated_as_interrupted(), refusing(display), _failing(display):
        settings = desk.settings()
        acknowledged = _acknowledged(request.acknowledged)
        folder = (request.assembly or request.root / "cdk.out" / settings.environment).resolve()
        assembly = _assembly(request, settings, folder)
        found = _compared(assembly, desk, settings)
        for name in found.left:
            display.say(f"{name} differs and is left alone: no pipeline changes itself; `cdk deploy` it", "yellow")
        if not found.names:
            display.say(f"{settings.environment}: everything is deployed as it is described")
            return
        judged = _judged(settings, found, assembly, acknowledged)
        show(judged, console)
        if judged.risk is Risk.BLOCKED:
            display.refuse("nothing was deployed: see docs/runbook.md")
            raise typer.Exit(BLOCKED)
        carry_out(desk, display, settings, found.names, root=request.root, assembly=folder)


def _assembly(request: Request, settings: Settings, folder: Path) -> Assembly:
    """One of another environment is never deployed in this one's name."""
    if request.assembly is None:
        return synthesize_into(request.root, settings.environment, folder)
    assembly = read_assembly(folder)
    if other := [name for name in assembly.templates if not name.startswith(settings.stack_name(""))]:
        raise NotDeployableError(f"{folder} is of another environment than {settings.environment}: it has {other[0]}")
    return assembly


def _acknowledged(file: Path | None) -> Acknowledged:
    if file is None:
        return Acknowledged()
    try:
        return read_acknowledgements(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotDeployableError(f"--acknowledge {file} cannot be read: {error}") from error


def _compared(assembly: Assembly, desk: Desk, settings: Settings) -> Differences:
    client = desk.around.clients(settings.region)("cloudformation")
    alone = [settings.stack_name(_PIPELINE)]
    return differences(assembly.templates, Stacks(client), Deployed(client, desk.around.pause), alone)


def _judged(settings: Settings, found: Differences, assembly: Assembly, acknowledged: Acknowledged) -> Review:
    """By the rules of a pull request's review, against what is deployed now."""
    chain = {settings.stack_name(component): component for component in settings.chain}
    setting = Setting(settings.environment, settings.region, "what is deployed", chain)
    stacks = compare_together(found.pairs)
    return review(setting, stacks, prices=list_prices(), acknowledged=acknowledged, templates=assembly.templates)


@contextmanager
def _failing(display: Display) -> Iterator[None]:
    try:
        yield
    except (NotDeployableError, DiffError) as error:
        display.refuse(str(error))
        raise typer.Exit(NOT_RELEASED) from error
    except OvertakenError as error:
        display.refuse(f"{error}: the deployment was broken off; CloudFormation goes on with what it has begun")
        raise typer.Exit(NOT_RELEASED) from error

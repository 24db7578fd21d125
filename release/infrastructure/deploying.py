"""Stacks are deployed while no release can begin."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from release.display import Display
from release.infrastructure.cdk import deploy
from release.infrastructure.differences import refuse_unsteady
from release.infrastructure.locks import Locks
from release.machines import find_ledger, machines_of
from release.outcomes import INTERRUPTED, NOT_RELEASED
from release.releasing import new_release_id
from release.surroundings import Desk
from release_aws.cloudformation import Stacks
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Machines
from release_engine.ledger import INFRASTRUCTURE
from settings.loading import Settings


def carry_out(
    desk: Desk, display: Display, settings: Settings, names: Sequence[str], *, root: Path, assembly: Path
) -> None:
    """All that are named, in one call of the CLI, which knows their order."""
    stacks = Stacks(desk.around.clients(settings.region)("cloudformation"))
    with _locked(desk, display, settings) as renew, _interrupted(display, names):
        refuse_unsteady(names, stacks)
        display.say(f"deploying {', '.join(names)}", "bold")
        code = deploy(root, assembly, names, renew=renew)
    if code:
        display.refuse(f"not everything is deployed: cdk deploy ended with {code}; see above, and docs/runbook.md")
        raise typer.Exit(NOT_RELEASED)
    display.say(f"{settings.environment}: deployed {', '.join(names)}", "bold green")


@contextmanager
def _locked(desk: Desk, display: Display, settings: Settings) -> Iterator[Callable[[], None]]:
    client_of = desk.around.clients(settings.region)
    ledger = find_ledger(client_of("cloudformation"), settings)
    if ledger is None:
        display.say("no lock is taken: the ledger is not deployed yet, so nothing can be releasing")
        yield lambda: None
        return
    locks = Locks(
        ledger=Ledger(client_of("dynamodb"), ledger),
        executions=Machines(client_of("stepfunctions")),
        machines=machines_of(client_of("cloudformation"), settings),
        now=desk.around.now,
        display=display,
    )
    with locks.held(f"{INFRASTRUCTURE}{new_release_id(desk.around.now())}") as renew:
        yield renew


@contextmanager
def _interrupted(display: Display, names: Sequence[str]) -> Iterator[None]:
    """The CLI is ended with us; CloudFormation knows nothing of that."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        display.refuse(f"interrupted: CloudFormation goes on with what it has begun of {', '.join(names)}")
        if isinstance(end, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from end
        raise

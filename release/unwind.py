"""`unwind`: puts several components back that went out together, in the reverse of the order in which they did."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from release.arguments import InputError, Targets, parse_targets
from release.cli_context import CliContext
from release.deployed_environment import DeployedEnvironment
from release.display import Display
from release.refusals import FAILED, refusing
from release.releasing import Order, Releases
from release.rollback import choice_of, planned_rollback
from release_engine.ledger import Kind, Outcome

RequestedBy = Annotated[
    str | None, typer.Option(metavar="WHO", help="Instead of digests: all that WHO released, such as pipeline:ID.")
]


def unwind(context: typer.Context, targets: Targets = None, requested_by: RequestedBy = None) -> None:
    """Undo a release of several components in the reverse order, each where it still runs what is named.

    All plans are made first. Where one refuses nothing is undone: what went out together fits together.
    """
    cli: CliContext = context.obj
    with refusing(cli.display):
        settings = cli.settings()
        if requested_by is not None:
            _refuse_both(targets or [], requested_by)
        named = parse_targets(targets or [], settings.chain) if requested_by is None else {}
        deployed = cli.deployed(settings)
        digests = named if requested_by is None else _released_by(deployed, requested_by, cli.display)
        orders = _orders(deployed, digests, cli.display)
        if not orders:
            cli.display.say("nothing is left to be undone")
            return
        Releases(deployed, cli).carry_out(orders)


def _refuse_both(targets: Sequence[str], requested_by: str) -> None:
    if targets:
        raise InputError(f"{' '.join(targets)} and --requested-by {requested_by}: name what to undo in one way only")
    if not requested_by.strip():
        raise InputError("--requested-by is empty: it takes what the ledger has as requested_by, such as pipeline:…")


def _released_by(deployed: DeployedEnvironment, requested_by: str, display: Display) -> dict[str, str]:
    """Map components, in the order of the chain, to the digests that nobody has released or put back since."""
    digests: dict[str, str] = {}
    for component in deployed.settings.chain:
        good = [release for release in deployed.ledger.releases(component) if release.outcome is Outcome.RELEASED]
        requested = [each for each in good if each.requested_by == requested_by and each.kind is Kind.RELEASE]
        if not requested:
            display.say(f"{component} stays as it is: {requested_by} has not released it")
        elif requested[0] is not good[0]:
            since = f"{good[0].kind.value} {good[0].release_id} by {good[0].requested_by}"
            display.say(f"{component} stays as it is: since {requested[0].release_id} there was the {since}")
        else:
            digests[component] = requested[0].digest
    return digests


def _orders(deployed: DeployedEnvironment, digests: Mapping[str, str], display: Display) -> list[Order]:
    """Plan the rollback of each component that still runs its digest, in the reverse order."""
    orders, refusals = list[Order](), list[str]()
    for component, digest in reversed(list(digests.items())):
        stack = deployed.stacks.describe(deployed.settings.stack_name(component))
        if stack is None or stack.digest != digest:
            display.say(f"{component} stays as it is: it runs {stack and stack.digest}, not {digest}")
            continue
        choice = choice_of(deployed, component, None)
        planned = planned_rollback(choice, component)
        if planned is None:
            refusals.append(f"{component} cannot go back: {choice.plan.reason}")
        elif planned.target.digest == digest:
            refusals.append(f"{component} cannot go back: since {digest} a release of it failed; first `rollback` that")
        else:
            planned.show(display)
            orders.append(planned.order)
    if refusals:
        display.refuse("; ".join([*refusals, "nothing was undone"]))
        raise typer.Exit(FAILED)
    return orders

"""`start`: releases components in the order of the chain, each by its machine."""

from collections.abc import Sequence
from typing import Annotated

import typer

from release.arguments import InputError, Targets, parse_manifests, parse_targets
from release.cli_context import CliContext
from release.refusals import refusing
from release.releasing import Order, Releases

Manifests = Annotated[
    list[str] | None, typer.Option("--manifest", metavar="COMPONENT=FILE", help="The release.json of its build.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Print the release id and return; for one component.")]


def start(
    context: typer.Context, targets: Targets = None, manifest: Manifests = None, *, no_wait: NoWait = False
) -> None:
    """Release components, in the order of the chain; stop at the first that fails."""
    cli: CliContext = context.obj
    with refusing(cli.display):
        settings = cli.settings()
        orders = _orders(targets or [], manifest or [], settings.chain)
        if no_wait and len(orders) > 1:
            names = ", then ".join(order.component for order in orders)
            raise InputError(f"--no-wait takes one component: the order ({names}) can only be kept by waiting")
        releases = Releases(cli.deployed(settings), cli)
        if no_wait:
            cli.display.say(releases.start(orders[0]).release_id)
            return
        releases.carry_out(orders)


def _orders(targets: Sequence[str], manifests: Sequence[str], chain: Sequence[str]) -> list[Order]:
    digests = parse_targets(targets, chain)
    manifest_of = parse_manifests(manifests, digests)
    return [Order(component, digest, manifest=manifest_of.get(component)) for component, digest in digests.items()]

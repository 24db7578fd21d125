"""`start`: releases components in the order of the chain, each by its machine."""

from collections.abc import Sequence

from release.arguments import InputError, parse_manifests, parse_targets
from release.display import Display
from release.outcomes import carry_out, refusing
from release.releasing import Order, Releases
from release.surroundings import Desk


def run(desk: Desk, display: Display, targets: Sequence[str], manifests: Sequence[str], *, wait: bool) -> None:
    """Ends normally only when everything that was asked for is released, or begun where nobody waits."""
    with refusing(display):
        settings = desk.settings()
        orders = _orders(targets, manifests, settings.chain)
        if not wait and len(orders) > 1:
            names = ", then ".join(order.component for order in orders)
            raise InputError(f"--no-wait takes one component: the order ({names}) can only be kept by waiting")
        releases = Releases(desk.account(settings), desk.around, display)
        if not wait:
            display.say(releases.begin(orders[0]).release_id)
            return
        carry_out(releases, orders, display, desk.environment)


def _orders(targets: Sequence[str], manifests: Sequence[str], chain: Sequence[str]) -> list[Order]:
    wanted = parse_targets(targets, chain)
    known = parse_manifests(manifests, wanted)
    return [Order(component, digest, manifest=known.get(component)) for component, digest in wanted.items()]

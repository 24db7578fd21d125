"""`unwind`: puts several components back that went out together, in the reverse of the order in which they did."""

from collections.abc import Mapping, Sequence

import typer

from release.account import Account
from release.arguments import parse_targets
from release.display import Display
from release.outcomes import NOT_RELEASED, carry_out, refusing
from release.releasing import Order, Releases
from release.rollback import order_of, plan_of, show
from release.surroundings import Desk


def run(desk: Desk, display: Display, targets: Sequence[str]) -> None:
    """All plans are made first. Where one refuses nothing is undone: what went out together fits together."""
    with refusing(display):
        settings = desk.settings()
        undone = parse_targets(targets, settings.chain)
        account = desk.account(settings)
        orders = _orders(account, undone, display)
        if not orders:
            display.say("nothing is left to be undone")
            return
        carry_out(Releases(account, desk.around, display), orders, display, desk.environment)


def _orders(account: Account, undone: Mapping[str, str], display: Display) -> list[Order]:
    orders, refusals = list[Order](), list[str]()
    for component, digest in reversed(list(undone.items())):
        stack = account.stacks.describe(account.settings.stack_name(component))
        if stack is None or stack.digest != digest:
            display.say(f"{component} stays as it is: it runs {stack and stack.digest}, not {digest}")
            continue
        going_back = plan_of(account, component, None)
        order = order_of(going_back, component)
        if order and order.digest == digest:
            refusals.append(f"{component} cannot go back: since {digest} a release of it failed; first `rollback` that")
            continue
        if order:
            show(going_back, component, display)
            orders.append(order)
            continue
        refusals.append(f"{component} cannot go back: {going_back.plan.reason}")
    if refusals:
        display.refuse("; ".join([*refusals, "nothing was undone"]))
        raise typer.Exit(NOT_RELEASED)
    return orders

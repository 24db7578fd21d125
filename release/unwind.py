"""`unwind`: puts several components back that went out together, in the reverse of the order in which they did."""

from collections.abc import Mapping, Sequence

import typer

from release.account import Account
from release.arguments import InputError, parse_targets
from release.display import Display
from release.outcomes import NOT_RELEASED, carry_out, refusing
from release.releasing import Order, Releases
from release.rollback import order_of, plan_of, show
from release.surroundings import Desk
from release_engine.ledger import Kind, Outcome


def run(desk: Desk, display: Display, targets: Sequence[str], requested_by: str | None = None) -> None:
    """All plans are made first. Where one refuses nothing is undone: what went out together fits together.

    What is undone is named one by one, or is all that `requested_by` has released and that still runs.
    """
    with refusing(display):
        settings = desk.settings()
        if requested_by is not None:
            _refuse_both(targets, requested_by)
        named = parse_targets(targets, settings.chain) if requested_by is None else {}
        account = desk.account(settings)
        undone = named if requested_by is None else _released_by(account, requested_by, display)
        orders = _orders(account, undone, display)
        if not orders:
            display.say("nothing is left to be undone")
            return
        carry_out(Releases(account, desk.around, display), orders, display, desk.environment)


def _refuse_both(targets: Sequence[str], requested_by: str) -> None:
    if targets:
        raise InputError(f"{' '.join(targets)} and --requested-by {requested_by}: name what to undo in one way only")
    if not requested_by.strip():
        raise InputError("--requested-by is empty: it takes what the ledger has as requested_by, such as pipeline:…")


def _released_by(account: Account, requested_by: str, display: Display) -> dict[str, str]:
    """Component to digest, in the order of the chain, of what nobody has released or put back since."""
    found: dict[str, str] = {}
    for component in account.settings.chain:
        good = [one for one in account.ledger.releases(component) if one.outcome is Outcome.RELEASED]
        theirs = next((one for one in good if one.requested_by == requested_by and one.kind is Kind.RELEASE), None)
        if theirs is None:
            display.say(f"{component} stays as it is: {requested_by} has not released it")
        elif theirs is not good[0]:
            by = f"{good[0].kind.value} {good[0].release_id} by {good[0].requested_by}"
            display.say(f"{component} stays as it is: since {theirs.release_id} there was the {by}")
        else:
            found[component] = theirs.digest
    return found


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

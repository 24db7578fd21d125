"""`rollback`: shows what would be put back and why that is safe, then lets the component's machine do it."""

from pathlib import Path

import typer

from release.account import Account
from release.arguments import InputError, checked_component, checked_digest
from release.display import Display
from release.going_back import GoingBack, plan_going_back
from release.outcomes import NOT_RELEASED, carry_out, refusing
from release.releasing import Order, Releases
from release.saved_plan import SavedPlan, load_plan, still_true
from release.surroundings import Desk
from release_engine.ledger import Kind, Outcome
from release_engine.rollback_plan import Action, Facts

_SAFE = (
    "safe because its image is there, and since then no migration has cut it off and no snapshot is "
    "in a format that it cannot read"
)
_RESTORED = "the stack has it back already: nothing is deployed, it is judged and recorded"


def run(
    desk: Desk, display: Display, component: str, *, to: str | None, sure: bool, save: Path | None, saved: Path | None
) -> None:
    """Ends normally only when the former digest is released again, or the plan is in the file `save`.

    `saved` is such a file: that plan is carried out, or nothing.
    """
    with refusing(display):
        settings = desk.settings()
        checked_component(component, settings.chain)
        if not sure and not save and not desk.around.asks():
            raise InputError("nobody is there to be asked whether the plan is right: say --yes")
        if to and saved:
            raise InputError(f"the plan {saved} says where to go back to: leave --to out")
        approved = load_plan(saved, component) if saved else None
        account = desk.account(settings)
        going_back = _as_approved(account, approved) if approved else plan_of(account, component, to)
        order = order_of(going_back, component)
        if order is None:
            display.refuse(f"{component} is not rolled back: {going_back.plan.reason}")
            raise typer.Exit(NOT_RELEASED)
        planned = show(going_back, component, display)
        if save:
            planned.save(save)
            return
        if not sure and not typer.confirm("Roll back?"):
            display.say("nothing was done")
            raise typer.Exit(NOT_RELEASED)
        carry_out(Releases(account, desk.around, display), [order], display, desk.environment)


def _as_approved(account: Account, approved: SavedPlan) -> GoingBack:
    going_back = plan_of(account, approved.component, approved.target)
    still_true(approved, going_back.release.digest if going_back.release else "nothing")
    return going_back


def plan_of(account: Account, component: str, to: str | None) -> GoingBack:
    """Where the component would go back to, as AWS and the ledger are now; InputError for a `to` that is a tag."""
    to = checked_digest(to) if to else None
    history = account.ledger.releases(component)
    stack = account.stacks.describe(account.settings.stack_name(component))
    digests = {release.digest for release in history if release.outcome is Outcome.RELEASED}
    facts = Facts(
        stack_status=stack.status if stack else None,
        stack_digest=stack.digest if stack else None,
        images=account.images.present(account.settings.repository_name(component), digests),
    )
    return plan_going_back(history, facts, to)


def order_of(going_back: GoingBack, component: str) -> Order | None:
    """None where the plan refuses.

    The target's manifest goes along: the ledger should know what schema and formats the version reads.
    """
    target = going_back.target
    return Order(component, target.digest, Kind.ROLLBACK, target.manifest) if target else None


def show(going_back: GoingBack, component: str, display: Display) -> SavedPlan:
    """A plan that goes somewhere, for a person."""
    release, target = going_back.release, going_back.target
    assert release is not None  # noqa: S101  (a plan that goes somewhere knows both ends)
    assert target is not None  # noqa: S101
    display.say(f"{component} goes back", "bold")
    display.say(f"  from {release.digest}, {release.outcome.value} by {release.release_id}")
    display.say(f"  to   {target.digest}, released well by {target.release_id} at {target.finished_at}")
    display.say(f"  {_RESTORED if going_back.plan.action is Action.ALREADY_RESTORED else _SAFE}")
    return SavedPlan(component, release.digest, target.digest)

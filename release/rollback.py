"""`rollback` and `unwind`: put back what was released.

`rollback` shows what one component would go back to and why that is safe, then lets its machine do it. Between the
person who is shown a plan and the job that carries it out, the plan is in a file. `unwind` puts several components
back that went out together, in the reverse of the order in which they did.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from release.cli_context import CliContext, DeployedEnvironment
from release.command_line import (
    FAILED,
    ComponentName,
    InputError,
    Targets,
    checked_component,
    checked_digest,
    parse_targets,
    refusing,
    write_file,
)
from release.progress import Display
from release.start import Order, Releases
from release_aws.rollback_facts import gather_facts
from release_engine.ledger import Kind, Outcome, Release
from release_engine.rollback_plan import Action, RollbackChoice, choose_rollback

To = Annotated[str | None, typer.Option("--to", metavar="DIGEST", help="A digest that was released well before.")]
SavePlan = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the plan there, for `--plan`, and do nothing.")
]
PlanFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Carry out this plan, unless something else runs now.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether the plan is right.")]

_SAFE = (
    "safe because its image is there, and since then no migration has cut it off and no snapshot is "
    "in a format that it cannot read"
)
_RESTORED = "the stack has it back already: nothing is deployed, it is judged and recorded"


@dataclass(frozen=True)
class SavedPlan:
    """Holds what was shown: from which digest to which."""

    component: str
    running: str
    target: str

    def save(self, file: Path) -> None:
        """Write the plan as JSON."""
        write_file(file, json.dumps(asdict(self)) + "\n")

    def refuse_other(self, running: str) -> None:
        """Raise InputError when something else runs by now: what was approved is done, or nothing."""
        if self.running != running:
            raise InputError(
                f"the plan was made while {self.running} ran, now it is {running}: nothing was done; make a new plan"
            )


@dataclass(frozen=True)
class PlannedRollback:
    """Describes a rollback that the plan allows; `restored`: the stack has the target's digest back already."""

    component: str
    running: Release
    target: Release
    restored: bool

    @property
    def order(self) -> Order:
        """Return the release to start, with the target's manifest: the ledger should know what the version reads."""
        return Order(self.component, self.target.digest, Kind.ROLLBACK, self.target.manifest)

    @property
    def saved(self) -> SavedPlan:
        return SavedPlan(self.component, self.running.digest, self.target.digest)

    def show(self, display: Display) -> None:
        """Print both ends, and why going back is safe."""
        display.say(f"{self.component} goes back", "bold")
        display.say(f"  from {self.running.digest}, {self.running.outcome.value} by {self.running.release_id}")
        target = self.target
        display.say(f"  to   {target.digest}, released well by {target.release_id} at {target.finished_at}")
        display.say(f"  {_RESTORED if self.restored else _SAFE}")


def rollback(
    context: typer.Context,
    component: ComponentName,
    *,
    to: To = None,
    yes: Yes = False,
    save_plan: SavePlan = None,
    plan: PlanFile = None,
) -> None:
    """Put a component back to a digest that was good."""
    cli: CliContext = context.obj
    with refusing(cli.display):
        settings = cli.settings()
        checked_component(component, settings.chain)
        if not yes and not save_plan and not cli.can_ask():
            raise InputError("nobody is there to be asked whether the plan is right: say --yes")
        approved = _approved(plan, component, to)
        deployed = cli.deployed(settings)
        choice = _as_approved(deployed, approved) if approved else choice_of(deployed, component, to)
        planned = planned_rollback(choice, component)
        if planned is None:
            cli.display.refuse(f"{component} is not rolled back: {choice.plan.reason}")
            raise typer.Exit(FAILED)
        planned.show(cli.display)
        if save_plan:
            planned.saved.save(save_plan)
            return
        _confirm(cli, sure=yes)
        Releases(deployed, cli).carry_out([planned.order])


def choice_of(deployed: DeployedEnvironment, component: str, to: str | None) -> RollbackChoice:
    """Choose where the component would go back to, as AWS and the ledger are now; `to` must be a digest."""
    to = checked_digest(to) if to else None
    history = deployed.ledger.releases(component)
    facts = gather_facts(
        history,
        deployed.stacks,
        deployed.images,
        stack=deployed.settings.stack_name(component),
        repository=deployed.settings.repository_name(component),
    )
    return choose_rollback(history, facts, to)


def planned_rollback(choice: RollbackChoice, component: str) -> PlannedRollback | None:
    """Return the rollback that was chosen; None where the plan refuses."""
    if choice.running is None or choice.target is None:
        return None
    restored = choice.plan.action is Action.ALREADY_RESTORED
    return PlannedRollback(component, choice.running, choice.target, restored)


def load_plan(file: Path, component: str) -> SavedPlan:
    """Read a saved plan; raises InputError when it is no plan, or that of another component."""
    try:
        plan = SavedPlan(**json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"the plan {file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"the plan {file} is not one that `rollback --save-plan` has written: {error}") from error
    if plan.component != component:
        raise InputError(f"the plan {file} is of {plan.component}, not of {component}")
    checked_digest(plan.target)
    return plan


def _approved(file: Path | None, component: str, to: str | None) -> SavedPlan | None:
    if file and to:
        raise InputError(f"the plan {file} says where to go back to: leave --to out")
    return load_plan(file, component) if file else None


def _as_approved(deployed: DeployedEnvironment, approved: SavedPlan) -> RollbackChoice:
    choice = choice_of(deployed, approved.component, approved.target)
    approved.refuse_other(choice.running.digest if choice.running else "nothing")
    return choice


def _confirm(cli: CliContext, *, sure: bool) -> None:
    if not sure and not typer.confirm("Roll back?"):
        cli.display.say("nothing was done")
        raise typer.Exit(FAILED)


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

"""The commands, and what they share."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from release import address, approval, rollback, running, start, status, unwind
from release.display import Display
from release.images import commands as images
from release.images import scan_command
from release.infrastructure import commands as infrastructure
from release.review import commands as diff
from release.surroundings import Desk, Surroundings

app = typer.Typer(no_args_is_help=True, help="Releases components by digest, rolls them back, shows what runs.")
Environment = Annotated[
    str, typer.Option("--environment", "-e", envvar="EXCHANGE_ENVIRONMENT", help="Which environment of config/.")
]


@app.callback()
def desk(context: typer.Context, environment: Environment = "staging") -> None:
    """Releases components by digest, rolls them back, shows what runs."""
    around = context.obj if isinstance(context.obj, Surroundings) else Surroundings()
    context.obj = Desk(environment, around)


def _display() -> Display:
    return Display(Console(highlight=False), Console(stderr=True, highlight=False))


Targets = Annotated[list[str] | None, typer.Argument(metavar="COMPONENT=DIGEST...", help="In any order.")]
Manifests = Annotated[
    list[str] | None, typer.Option("--manifest", metavar="COMPONENT=FILE", help="The release.json of its build.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Print the release id and return; for one component.")]
Component = Annotated[str, typer.Argument(help="The component.")]
To = Annotated[str | None, typer.Option("--to", metavar="DIGEST", help="A digest that was released well before.")]
SavePlan = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the plan there, for `--plan`, and do nothing.")
]
Plan = Annotated[Path | None, typer.Option(metavar="FILE", help="Carry out this plan, unless something else runs now.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether the plan is right.")]
OneOrAll = Annotated[str | None, typer.Argument(help="One component; all of them when left out.")]
RequestedBy = Annotated[
    str | None, typer.Option(metavar="WHO", help="Instead of digests: all that WHO released, such as pipeline:ID.")
]
Json = Annotated[bool, typer.Option("--json", help="For tools.")]


@app.command("start")
def start_command(
    context: typer.Context, targets: Targets = None, manifest: Manifests = None, no_wait: NoWait = False
) -> None:
    """Release components, in the order of the chain; stop at the first that fails."""
    start.run(context.obj, _display(), targets or [], manifest or [], wait=not no_wait)


@app.command("rollback")
def rollback_command(
    context: typer.Context,
    component: Component,
    *,
    to: To = None,
    yes: Yes = False,
    save_plan: SavePlan = None,
    plan: Plan = None,
) -> None:
    """Put a component back to a digest that was good."""
    rollback.run(context.obj, _display(), component, to=to, sure=yes, save=save_plan, saved=plan)


@app.command("unwind")
def unwind_command(context: typer.Context, targets: Targets = None, requested_by: RequestedBy = None) -> None:
    """Undo a release of several components in the reverse order, each where it still runs what is named."""
    unwind.run(context.obj, _display(), targets or [], requested_by)


@app.command("running")
def running_command(context: typer.Context, targets: Targets = None) -> None:
    """Fail unless each of the named components was told to run the named digest."""
    running.run(context.obj, _display(), targets or [])


@app.command("status")
def status_command(context: typer.Context, component: OneOrAll = None, as_json: Json = False) -> None:
    """Show what runs, how the last release ended, and who holds the lock."""
    status.run(context.obj, _display(), component, as_json=as_json)


diff.add_to(app)
infrastructure.add_to(app)
images.add_to(app)
scan_command.add_to(app)
approval.add_to(app)
address.add_to(app)


def main() -> None:
    """Run the command line, as the console command `exchange-release`."""
    app(prog_name="exchange-release")

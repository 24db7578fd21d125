"""`start`: releases components in the order of the chain, each by its release machine, which is followed to its end.

`rollback` and `unwind` carry out what they have planned with the same `Releases`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer
from botocore.exceptions import BotoCoreError, ClientError

from release.cli_context import CliContext, DeployedEnvironment
from release.command_line import (
    FAILED,
    INTERRUPTED,
    InputError,
    Targets,
    explain,
    parse_manifests,
    parse_targets,
    refusing,
)
from release.progress import ExecutionNotFoundError, ReleaseEnd, watch
from release_aws.stepfunctions import execution_arn
from release_engine.ledger import Kind
from release_engine.machine_state import MachineInput


@dataclass(frozen=True)
class Order:
    """Describes a release that is to be started."""

    component: str
    digest: str
    kind: Kind = Kind.RELEASE
    manifest: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StartedRelease:
    """Describes a release that was started; it goes on whether anybody watches or not."""

    component: str
    digest: str
    release_id: str
    execution: str


class Releases:
    """Starts and follows the releases of one environment, on behalf of one person."""

    def __init__(self, deployed: DeployedEnvironment, cli: CliContext) -> None:
        self._deployed, self._cli, self._display = deployed, cli, cli.display

    def carry_out(self, orders: Sequence[Order]) -> None:
        """Release one after the other; the first that does not succeed is the last, and the exit code says so."""
        for position, order in enumerate(orders):
            later = [each.component for each in orders[position + 1 :]]
            started = self._start(order, later, first=position == 0)
            with self._going_on(started, later):
                end = self.follow(started)
            if not end.released:
                self._say_not_started(later)
                raise typer.Exit(FAILED)

    def start(self, order: Order) -> StartedRelease:
        """Start the component's machine, with the input that docs/contracts.md describes."""
        machine = self._deployed.machine_arns[order.component]
        release_id = new_release_id(self._cli.now())
        requested_by = f"cli:{self._cli.person()}"
        release = MachineInput(release_id, order.component, order.digest, order.kind, requested_by, order.manifest)
        self._deployed.executions.start(machine, release_id, release.as_input())
        self._display.say(f"{order.component} {order.kind.value} of {order.digest} as {release_id}", "bold")
        return StartedRelease(order.component, order.digest, release_id, execution_arn(machine, release_id))

    def follow(self, started: StartedRelease) -> ReleaseEnd:
        """Show every state as it is entered, and how the release ended."""
        end = self._watch(started)
        if end.unchanged:
            self._display.say(f"{started.component} already runs {started.digest}: nothing to release", "bold green")
            return end
        self._display.end(started.component, end, self._reason(started) if end.released else "")
        return end

    def _reason(self, started: StartedRelease) -> str:
        """Return why the release was judged good; "" where the ledger cannot be asked: it is released all the same."""
        try:
            release = self._deployed.ledger.find(started.component, started.release_id)
        except (BotoCoreError, ClientError):
            return ""
        return (release and release.reason) or ""

    def _watch(self, started: StartedRelease) -> ReleaseEnd:
        def pause() -> None:
            self._cli.pause(self._cli.poll_seconds)

        with self._display.following(started.component):
            for event in watch(self._deployed.executions, started.execution, pause=pause):
                if isinstance(event, ReleaseEnd):
                    return event
                self._display.enter(started.component, event)
        raise AssertionError("a watch ends with an end")

    def _start(self, order: Order, later: list[str], *, first: bool) -> StartedRelease:
        """Start a release; where the first cannot be started nothing was done, later it matters how far it went."""
        try:
            return self.start(order)
        except (BotoCoreError, ClientError) as error:
            if first:
                raise
            self._display.refuse(f"{order.component} is not released, it could not be started: {explain(error)}")
            self._say_not_started(later)
            raise typer.Exit(FAILED) from error

    @contextmanager
    def _going_on(self, started: StartedRelease, later: list[str]) -> Iterator[None]:
        """Say that the release goes on where somebody stops watching, or something hides it from view."""
        name = f"{started.component}'s release {started.release_id}"
        look = f"look at it with: exchange-release -e {self._cli.environment} status {started.component}"
        try:
            yield
        except KeyboardInterrupt as interrupt:
            self._display.refuse(f"\n{name} goes on without being watched; {look}")
            self._say_not_started(later)
            raise typer.Exit(INTERRUPTED) from interrupt
        except (BotoCoreError, ClientError, ExecutionNotFoundError) as error:
            self._display.refuse(f"lost sight of {name}: {explain(error)}")
            self._display.refuse(f"it goes on; {look}")
            self._say_not_started(later)
            raise typer.Exit(FAILED) from error

    def _say_not_started(self, later: list[str]) -> None:
        if later:
            self._display.refuse(f"not started: {', '.join(later)}")


def new_release_id(now: float) -> str:
    """Make an id that begins with the time, as the ledger is ordered, and differs from others of the same second."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


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

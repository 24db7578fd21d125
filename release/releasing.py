"""Starting a release machine and following it to its end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from release.account import Account
from release.display import Display
from release.progress import Ended, watch
from release.surroundings import Surroundings
from release_aws.stepfunctions import execution_arn
from release_engine.ledger import Kind
from release_engine.machine_state import MachineInput


@dataclass(frozen=True)
class Order:
    """One release that is asked for."""

    component: str
    digest: str
    kind: Kind = Kind.RELEASE
    manifest: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Begun:
    """One that was started; it goes on whether anybody watches or not."""

    component: str
    digest: str
    release_id: str
    execution: str


class Releases:
    """The releases of one environment, as one person asks for them."""

    def __init__(self, account: Account, around: Surroundings, display: Display) -> None:
        self._account, self._around, self._display = account, around, display

    def begin(self, order: Order) -> Begun:
        """Starts the component's machine."""
        machine = self._account.whereabouts.machines[order.component]
        release_id = new_release_id(self._around.now())
        self._account.machines.start(machine, release_id, _input(order, release_id, self._around.person()))
        self._display.say(f"{order.component} {order.kind.value} of {order.digest} as {release_id}", "bold")
        return Begun(order.component, order.digest, release_id, execution_arn(machine, release_id))

    def follow(self, begun: Begun) -> Ended:
        """Shows every state as it is entered, and how it ended."""
        ended = self._watch(begun)
        if ended.unchanged:
            self._display.say(f"{begun.component} already runs {begun.digest}: nothing to release", "bold green")
            return ended
        self._display.end(begun.component, ended, self._reason(begun) if ended.released else "")
        return ended

    def _reason(self, begun: Begun) -> str:
        """Why it was judged good. It is released, whether the ledger can be asked now or not."""
        try:
            known = self._account.ledger.find(begun.component, begun.release_id)
        except (BotoCoreError, ClientError):
            return ""
        return (known and known.reason) or ""

    def _watch(self, begun: Begun) -> Ended:
        with self._display.following(begun.component):
            for seen in watch(self._account.executions, begun.execution, pause=self._pause()):
                if isinstance(seen, Ended):
                    return seen
                self._display.enter(begun.component, seen)
        raise AssertionError("a watch ends with an end")

    def _pause(self) -> Callable[[], None]:
        return lambda: self._around.pause(self._around.poll_seconds)


def new_release_id(now: float) -> str:
    """It begins with the time, so that the ledger's order is that of time; two in one second differ all the same."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


def _input(order: Order, release_id: str, person: str) -> dict[str, Any]:
    """The machine's input, as docs/contracts.md describes it."""
    asked = MachineInput(release_id, order.component, order.digest, order.kind, f"cli:{person}", order.manifest)
    return asked.as_input()

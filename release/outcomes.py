"""How the command line ends: what each exit code means, and what is said before it."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from botocore.exceptions import BotoCoreError, ClientError

from release.account import explain
from release.arguments import InputError
from release.display import Display
from release.machines import NotDeployedError
from release.progress import NotSeenError
from release.releasing import Begun, Order, Releases
from settings.loading import SettingsError

NOT_RELEASED, BAD_INPUT, INTERRUPTED = 1, 2, 130


@contextmanager
def refusing(display: Display) -> Iterator[None]:
    """Nothing was begun: what was typed, or what is deployed, does not allow it."""
    try:
        yield
    except (InputError, NotDeployedError, SettingsError) as error:
        display.refuse(str(error))
        raise typer.Exit(BAD_INPUT) from error
    except (BotoCoreError, ClientError) as error:
        display.refuse(explain(error))
        raise typer.Exit(BAD_INPUT) from error


def carry_out(releases: Releases, orders: list[Order], display: Display, environment: str) -> None:
    """One after the other; the first that does not succeed is the last, and the exit code says so."""
    for position, order in enumerate(orders):
        later = [one.component for one in orders[position + 1 :]]
        begun = _begin(releases, order, later, display, first=position == 0)
        with _going_on(begun, later, display, environment):
            ended = releases.follow(begun)
        if not ended.released:
            _say_untouched(later, display)
            raise typer.Exit(NOT_RELEASED)


def _begin(releases: Releases, order: Order, later: list[str], display: Display, *, first: bool) -> Begun:
    """Until the first has begun nothing was done at all; afterwards it matters how far it went."""
    try:
        return releases.begin(order)
    except (BotoCoreError, ClientError) as error:
        if first:
            raise
        display.refuse(f"{order.component} is not released, it could not be started: {explain(error)}")
        _say_untouched(later, display)
        raise typer.Exit(NOT_RELEASED) from error


@contextmanager
def _going_on(begun: Begun, later: list[str], display: Display, environment: str) -> Iterator[None]:
    """Whoever stops watching, and whatever hides the release from view: it is the machine that releases."""
    look = f"look at it with: python -m release -e {environment} status {begun.component}"
    try:
        yield
    except KeyboardInterrupt as interrupt:
        display.refuse(f"\n{begun.component}'s release {begun.release_id} goes on without being watched; {look}")
        _say_untouched(later, display)
        raise typer.Exit(INTERRUPTED) from interrupt
    except (BotoCoreError, ClientError, NotSeenError) as error:
        display.refuse(f"lost sight of {begun.component}'s release {begun.release_id}: {explain(error)}")
        display.refuse(f"it goes on; {look}")
        _say_untouched(later, display)
        raise typer.Exit(NOT_RELEASED) from error


def _say_untouched(later: list[str], display: Display) -> None:
    if later:
        display.refuse(f"not started: {', '.join(later)}")

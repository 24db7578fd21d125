"""Waiting for what will happen, but not for ever."""

from collections.abc import Callable
from time import monotonic, sleep

from rehearsal.commands import StepFailedError

LOOK_EVERY = 0.2


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 300) -> None:
    """Return as soon as the condition holds; raise StepFailedError when it did not within `seconds`.

    `seconds` is a bound for a busy machine, not an aim.
    """
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            raise StepFailedError(f"waiting until {what}: not within {seconds:.0f} s")
        sleep(LOOK_EVERY)

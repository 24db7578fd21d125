"""Serves the commands that start other programs: which tools these find, and how a signal ends us and them."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_RULES_OFF = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false", "CDK_DISABLE_CLI_TELEMETRY": "true"}


def environment_with_tools(root: Path) -> Mapping[str, str]:
    """Return an environment in which `cdk` is the CLI of the project at `root`, and Python this one."""
    tools = (str(Path(sys.executable).parent), str(root / "node_modules" / ".bin"))
    return {**os.environ, **_RULES_OFF, "PATH": os.pathsep.join([*tools, os.environ.get("PATH", "")])}


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Turn SIGTERM into a SystemExit for a while, so that whatever is to be cleaned up is.

    A cancelled job is told to end by this signal, which would end Python without a word and leave behind what it holds.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore signals for what must be done to its end, and is short: a second signal soon follows a first."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

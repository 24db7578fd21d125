"""Measures the ratio of two commands of this project, timed in turn within one run.

Machines differ and are shared; a ratio of two things measured side by side, a b a b, survives both.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A command that is timed as a whole process; ``environment`` replaces the caller's."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str


@dataclass(frozen=True)
class Ratio:
    """The median of the pairwise ratios a/b; it holds while it does not exceed ``goal``."""

    ratio: float
    goal: float
    runs: int
    detail: str

    @property
    def holds(self) -> bool:
        return self.ratio <= self.goal


def seconds(command: Command) -> float:
    """Return the wall time of one run; raises RuntimeError with the output of a command that fails."""
    started = time.perf_counter()
    done = subprocess.run(
        command.arguments,
        env=dict(command.environment),
        cwd=command.folder,
        check=False,
        capture_output=True,
        text=True,
    )
    elapsed = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command.arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return elapsed


def measure(a: Command, b: Command, *, goal: float, runs: int, clock: Callable[[Command], float] = seconds) -> Ratio:
    """Time ``a`` against ``b``: one warm-up of each, then ``runs`` pairs in turn."""
    clock(a), clock(b)
    pairs = [(clock(a), clock(b)) for _ in range(runs)]
    ratio = statistics.median(first / second for first, second in pairs)
    detail = " ".join(f"{first:.2f}/{second:.2f}" for first, second in pairs)
    return Ratio(ratio=round(ratio, 3), goal=goal, runs=runs, detail=f"seconds a/b, pair by pair: {detail}")


ROOT = Path(__file__).resolve().parent.parent
_TOOLS = (Path(sys.executable).parent, ROOT / "node_modules" / ".bin")


def python(*arguments: str, **environment: str) -> Command:
    """Make a command of this very Python, at the project's root; ``environment`` is added to the caller's."""
    return Command((sys.executable, *arguments), _environment(environment), str(ROOT))


def command(*arguments: str) -> Command:
    """Make any command, at the project's root."""
    return Command(arguments, _environment({}), str(ROOT))


def _environment(more: dict[str, str]) -> dict[str, str]:
    """Return the caller's environment with this project's tools.

    Compiled Python is kept, as on a developer's machine: without it imports take three times as long.
    """
    path = os.pathsep.join([*map(str, _TOOLS), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PATH": path, "CDK_DISABLE_CLI_TELEMETRY": "true"} | more

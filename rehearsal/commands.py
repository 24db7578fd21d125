"""Runs commands as a person types them, shows each line of output, and waits for conditions, but not for ever."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).resolve().parents[1]
Say = Callable[[str], None]


class StepFailedError(RuntimeError):
    """A step of the rehearsal could not be done; `tail` holds the last lines that it printed."""

    def __init__(self, step: str, tail: Sequence[str] = ()) -> None:
        super().__init__(step)
        self.step, self.tail = step, tuple(tail)


@dataclass(frozen=True)
class Finished:
    """A command that has ended: its exit code, its output by lines, and how many seconds it ran."""

    code: int
    lines: tuple[str, ...]
    seconds: float

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def require(self, step: str) -> "Finished":
        """Return the command itself; raise StepFailedError with its last 30 lines unless the exit code is 0."""
        if self.code:
            raise StepFailedError(f"{step} ended with {self.code}", self.lines[-30:])
        return self


class Command:
    """A running command; each line of its output goes to `say`."""

    def __init__(self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, say: Say) -> None:
        self._began, self._lines = monotonic(), list[str]()
        self._process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=folder,
            env=_complete(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reading = threading.Thread(target=self._read, args=(say,), daemon=True)
        self._reading.start()

    def wait(self, seconds: float) -> Finished:
        """Return the command when it has ended; kill one that takes longer than `seconds` and give it exit code 124."""
        try:
            code = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._lines.append(f"(ended here: it took longer than {seconds:.0f} s)")
            code = 124
        self._reading.join(timeout=5)
        return Finished(code, tuple(self._lines), monotonic() - self._began)

    def kill(self) -> None:
        """Kill the process at once (SIGKILL), as when its terminal is closed for good."""
        self._process.kill()
        self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def _read(self, say: Say) -> None:
        assert self._process.stdout is not None  # noqa: S101  (it was started with a pipe)
        for line in self._process.stdout:
            self._lines.append(line.rstrip("\n"))
            say(line.rstrip("\n"))


def _complete(environment: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with more, and without an AWS account that the person may be logged in to."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_DEFAULT_"))}
    path = f"{Path(sys.executable).parent}:{ROOT / 'node_modules' / '.bin'}:{inherited.get('PATH', '')}"
    return inherited | {"PATH": path, "CDK_DISABLE_CLI_TELEMETRY": "true", "COLUMNS": "150"} | dict(environment)


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

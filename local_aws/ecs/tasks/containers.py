"""One container of a task: a local process in a copy of its image."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local_aws.host import workplace

PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"


class StartError(RuntimeError):
    """The command is not in the image; the text is what ECS reports after `CannotStartContainerError:`."""


@dataclass(frozen=True)
class Plan:
    """What to run, and where: `root` is this container's own copy of the image's files."""

    name: str
    command: Sequence[str]
    root: Path
    folder: Path
    environment: Mapping[str, str]


class Container:
    """A process with the exit code of a container: 137 when it was killed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._environment = {"PATH": PATH, "TMPDIR": str(_temporary(plan.root)), **plan.environment}
        self._process = self._start(plan.command)

    @property
    def output(self) -> "subprocess.Popen[bytes]":
        """The process, whose standard output carries errors too."""
        return self._process

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        return code if code >= 0 else 128 - code

    def execute(self, command: Sequence[str], *, timeout: float) -> bool:
        """Runs a command inside the container (a health check): true if it ends with 0 in time."""
        try:
            process = self._start(command)
        except (StartError, OSError):
            return False
        try:
            process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.communicate()
        return process.returncode == 0

    def terminate(self) -> None:
        """Asks it to end (SIGTERM)."""
        _signal(self._process, signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and all that it started, and waits until it is gone."""
        _signal(self._process, signal.SIGKILL)
        self._process.wait()

    def _start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        argv = [_executable(command[0], self._plan), *command[1:]] if command else []
        if not argv:
            raise StartError("No command specified")
        return workplace.current().processes.start(argv, folder=self._plan.folder, environment=self._environment)


def _executable(name: str, plan: Plan) -> str:
    """Absolute paths are the image's own; bare names are looked up on the task's PATH."""
    inside = plan.root / name.lstrip("/") if name.startswith("/") else plan.folder / name
    if "/" in name and os.access(inside, os.X_OK):
        return str(inside)
    program = shutil.which(name, path=PATH) if "/" not in name or name.startswith(("/bin/", "/usr/bin/")) else None
    if program is None:
        raise StartError(f'exec: "{name}": executable file not found in the image or in $PATH')
    return program


def _temporary(root: Path) -> Path:
    folder = root / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)

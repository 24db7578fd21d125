"""One container of a task: a local process in a copy of its image, with its own health check and its log.

Health: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html. Intervals follow the clock of
the local AWS, but a check is work: it keeps its timeout, a program keeps a real while to start, and a container known
to be healthy is not asked more often than every four seconds.
Log streams: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from local_aws.clock import Clock
from local_aws.cloudwatch import metric_data
from local_aws.host import workplace
from local_aws.ministack_parts.answers import get_account_id, get_region, request_scope
from local_aws.ministack_parts.services import cloudwatch_logs, ecs

PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"


class StartError(RuntimeError):
    """The command is not in the image; the text is what ECS reports after `CannotStartContainerError:`."""


@dataclass(frozen=True)
class Plan:
    """What a container runs, and where; `root` is its own copy of the image's files."""

    name: str
    command: Sequence[str]
    root: Path
    folder: Path
    environment: Mapping[str, str]


class Container:
    """A process with the exit code of a container: 137 when it was killed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        temporary, home = (str(_made(plan.root / name)) for name in ("tmp", "root"))
        self._environment = {"PATH": PATH, "TMPDIR": temporary, "HOME": home, **plan.environment}
        self._process = self._start(plan.command)

    @property
    def output(self) -> "subprocess.Popen[bytes]":
        """Return the process, whose standard output carries errors too."""
        return self._process

    @property
    def exit_code(self) -> int | None:
        """Return the exit code as a container has it; None while the process runs."""
        code = self._process.poll()
        if code is None:
            return None
        return code if code >= 0 else 128 - code

    def execute(self, command: Sequence[str], *, timeout: float) -> bool:
        """Run a command inside the container (a health check), and say whether it ended with 0 in time."""
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
        """Ask the process to end (SIGTERM)."""
        _signal(self._process, signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process and all that it started, and wait until it is gone."""
        _signal(self._process, signal.SIGKILL)
        self._process.wait()

    def _start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        argv = [_executable(command[0], self._plan), *command[1:]] if command else []
        if not argv:
            raise StartError("No command specified")
        return workplace.current().processes.start(argv, folder=self._plan.folder, environment=self._environment)


def _executable(name: str, plan: Plan) -> str:
    """Return a program's path: absolute ones are the image's own, bare names are looked up on the task's PATH."""
    inside = plan.root / name.lstrip("/") if name.startswith("/") else plan.folder / name
    if "/" in name and os.access(inside, os.X_OK):
        return str(inside)
    program = shutil.which(name, path=PATH) if "/" not in name or name.startswith(("/bin/", "/usr/bin/")) else None
    if program is None:
        raise StartError(f'exec: "{name}": executable file not found in the image or in $PATH')
    return program


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


START_ALLOWANCE = 8.0
QUICKEST = 0.3
QUICKEST_WHEN_HEALTHY = 4.0

UNKNOWN, HEALTHY, UNHEALTHY = "UNKNOWN", "HEALTHY", "UNHEALTHY"
_checks = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health-check")


@dataclass(frozen=True)
class HealthCheck:
    """A container's health check, with its times in seconds of the deployed system's time."""

    command: Sequence[str]
    interval: float
    timeout: float
    retries: int
    start_period: float

    @classmethod
    def of(cls, definition: dict[str, Any]) -> "HealthCheck | None":
        """Return the check of a container definition; None when it has none or says NONE."""
        settings = definition.get("healthCheck") or {}
        form, *words = settings.get("command") or ["NONE"]
        if form == "NONE":
            return None
        return cls(
            command=["/bin/sh", "-c", *words] if form == "CMD-SHELL" else words if form == "CMD" else [form, *words],
            interval=float(settings.get("interval") or 30),
            timeout=float(settings.get("timeout") or 5),
            retries=int(settings.get("retries") or 3),
            start_period=float(settings.get("startPeriod") or 0),
        )


class HealthMonitor:
    """Checks a container: `look`, called often, starts a check when one is due and counts the outcomes."""

    def __init__(self, check: HealthCheck, container: Container, clock: Clock) -> None:
        self._check, self._container, self._clock = check, container, clock
        self._since = self._due = monotonic()
        self._failures = 0
        self._running: Future[bool] | None = None
        self.status = UNKNOWN

    def look(self) -> str:
        """Return HEALTHY, UNHEALTHY, or UNKNOWN while no verdict is in."""
        if self._running is not None and self._running.done():
            self._count(self._running.result())
            self._running = None
        if self._running is None and monotonic() >= self._due:
            check = self._check
            self._running = _checks.submit(self._container.execute, check.command, timeout=check.timeout)
        return self.status

    def _count(self, passed: bool) -> None:
        if passed:
            self.status, self._failures = HEALTHY, 0
        elif self.status == HEALTHY or not self._starting():
            self._failures += 1
        if self._failures >= self._check.retries:
            self.status = UNHEALTHY
        steady = self.status == HEALTHY and not self._failures
        quickest = QUICKEST_WHEN_HEALTHY if steady else QUICKEST
        self._due = monotonic() + max(self._clock.real(self._check.interval), quickest)

    def _starting(self) -> bool:
        allowed = max(self._clock.real(self._check.start_period), START_ALLOWANCE)
        return monotonic() - self._since < allowed


KEPT_LINES = 40


class LogForwarder:
    """Reads a process's output to its end, so that the process never blocks on it; keeps the last lines."""

    def __init__(self, process: "subprocess.Popen[bytes]", definition: dict[str, Any], task_id: str) -> None:
        self._process = process
        self._target = ecs.log_target(definition, task_id, task_id)
        self._scope = (get_account_id(), get_region())
        self.last_lines: list[str] = []
        self._thread = threading.Thread(target=self._forward, daemon=True, name=f"logs-{task_id[:8]}")
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last line of a process that has ended."""
        self._thread.join(timeout=1)

    def _forward(self) -> None:
        with request_scope(*self._scope):
            target = self._target if self._target is not None and ecs.ensure_log_stream(self._target) else None
            assert self._process.stdout is not None  # noqa: S101  (it was started with a pipe)
            with self._process.stdout as output:
                for raw in output:
                    self._take(raw.decode("utf-8", errors="replace").rstrip("\n"), target)

    def _take(self, line: str, target: dict[str, Any] | None) -> None:
        self.last_lines = [*self.last_lines[1 - KEPT_LINES :], line]
        if target is not None:
            _put(target, line)
            metric_data.extract(line)


def _put(target: dict[str, Any], line: str) -> None:
    cloudwatch_logs.put_log_events(
        {
            "logGroupName": target["group"],
            "logStreamName": target["stream"],
            "logEvents": [{"timestamp": int(time.time() * 1000), "message": line}],
        }
    )

"""Processes that a run which was cut off left behind."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import psutil


class Orphans:
    """A file of process ids with their start times: an id alone may meanwhile belong to someone else."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def record(self, pid: int) -> None:
        """Record a process that must not outlive the run."""
        with suppress(psutil.NoSuchProcess):
            line = f"{pid} {psutil.Process(pid).create_time()}\n"
            with self._lock, self._file.open("a", encoding="utf-8") as file:
                file.write(line)

    def reap(self) -> None:
        """Kill every recorded process that is still the one that was recorded, with its children."""
        if not self._file.exists():
            return
        for line in self._file.read_text(encoding="utf-8").splitlines():
            pid, _, started = line.partition(" ")
            if started and _started(int(pid)) == float(started):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(int(pid), signal.SIGKILL)
        self._file.unlink()


def _started(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None

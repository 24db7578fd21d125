"""What the imitated machines share: a folder, loopback addresses, and the one thread that starts processes.

Processes die with this one; those that a run left behind because it was cut off are ended by the next.
"""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil

from local_aws.host.addresses import Addresses


class Orphans:
    """A file of processes that must not outlive a run: ids with start times, for an id alone may be reused."""

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


class ProcessStarter:
    """Starts every task process from one thread that lives as long as the local AWS.

    The kernel's parent-death signal (prctl PR_SET_PDEATHSIG, here by util-linux's setpriv) is sent when the
    *thread* that started the process ends. Without setpriv (macOS) only the record of orphans is left.
    """

    def __init__(self, orphans: Orphans) -> None:
        self._orphans = orphans
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="process-starter")
        setpriv = shutil.which("setpriv")
        self._prefix = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []

    def start(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start `command` in `folder` as leader of its own process group; output and errors share one pipe."""
        try:
            started = self._thread.submit(self._start, list(command), folder, dict(environment))
        except RuntimeError as error:
            raise OSError("the local AWS is shut down: nothing is started any more") from error
        return started.result()

    def close(self) -> None:
        """Start no process any more; the kernel kills those that were."""
        self._thread.shutdown(wait=True)

    def _start(self, command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*self._prefix, *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._orphans.record(process.pid)
        return process


PROCESSES = "processes.txt"
TASK_NAMES = Path(__file__).parent / "task_names"  # has the module by which Python programs resolve names


class Workplace:
    """The folders, addresses and processes of one local AWS; closing it ends every process that was started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images, self.tasks = folder / "images", folder / "tasks"
        self.builds, self.caches, self.programs = folder / "builds", folder / "build-caches", folder / "programs"
        self.functions, self.temporary = folder / "functions", folder / "temporary"
        self.orphans = Orphans(folder / PROCESSES)
        self.orphans.reap()
        for used in self._folders:
            shutil.rmtree(used, ignore_errors=True)
            used.mkdir(parents=True)
        self.addresses = Addresses()
        self.processes = ProcessStarter(self.orphans)

    @property
    def _folders(self) -> tuple[Path, ...]:
        """Return the folders that are emptied at the opening: whatever a run that was cut off left is gone then."""
        own = (self.images, self.tasks, self.builds, self.caches, self.programs)
        return (*own, self.functions, self.temporary)

    def close(self) -> None:
        """Kill what still runs."""
        self.processes.close()
        self.addresses.close()
        self.orphans.reap()


_current: list[Workplace] = []


def open_in(folder: Path) -> Workplace:
    """Open the workplace of this process's local AWS."""
    _current[:] = [Workplace(folder)]
    return _current[0]


def current() -> Workplace:
    """Return the workplace of this process's local AWS."""
    return _current[0]

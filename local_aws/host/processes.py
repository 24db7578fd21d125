"""Starting processes that die with this one."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_aws.host.orphans import Orphans


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
        """Starts `command` in `folder` as leader of its own process group; output and errors share one pipe."""
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

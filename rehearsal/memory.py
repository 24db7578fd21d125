"""Measures how much memory the rehearsal takes, over all of its processes."""

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

EVERY = 1.0
# Proportional set size counts a page that n processes share as 1/n in each, so the sum over processes is the memory
# that is really taken. Where the kernel does not tell it, the unique set size, which leaves shared pages out.
MEASURE = "PSS" if Path("/proc/self/smaps_rollup").exists() else "USS"


class PeakMemory:
    """The most memory, in MB, that this process and all that it has started took; sampled once a second."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True, name="memory")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stopping.wait(EVERY):
            self.peak_mb = max(self.peak_mb, memory_mb())


def memory_mb() -> float:
    """Return how many MB this process and all that it has started take now."""
    here = psutil.Process()
    return sum(map(_megabytes, [here, *here.children(recursive=True)]))


def _megabytes(process: psutil.Process) -> float:
    """Return the memory of one process; 0 if it has ended meanwhile."""
    with suppress(psutil.Error, OSError):
        if MEASURE == "PSS":
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
        return float(process.memory_full_info().uss) / 2**20
    return 0.0

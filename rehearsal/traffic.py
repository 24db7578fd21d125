"""Users' traffic, as a process of its own: what it measures does not wait for what it measures."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

from rehearsal.commands import ROOT

RATE = 60.0
SETTLE = 1.2  # two reports: what was asked before the phase changed has been answered and counted
Counts = Mapping[str, Mapping[str, Mapping[str, Any]]]  # phase -> component -> requests, failures, digests, ...


class Traffic:
    """Idle until the first phase begins."""

    def __init__(self, url: str, *, host: str, rate: float = RATE) -> None:
        self._url, self._host = url, host
        self._command = [sys.executable, "-m", "rehearsal.traffic_program", url, host, str(rate)]
        self._latest: Counts = {}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._reading = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reading.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._started()
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reading.join(timeout=5)

    def at(self, rate: float) -> "Traffic":
        """Other users of the same exchange, so many requests a second; to be entered like these."""
        return Traffic(self._url, host=self._host, rate=rate)

    def begin(self, phase: str) -> None:
        """From now on requests count for this phase; "idle" sends none."""
        process = self._started()
        assert process.stdin is not None  # noqa: S101  (it was started with a pipe)
        process.stdin.write(phase + "\n")
        process.stdin.flush()

    def end(self, phase: str) -> Mapping[str, Mapping[str, Any]]:
        """Goes idle; component -> what its users saw during the phase."""
        self.begin("idle")
        sleep(SETTLE)
        return self._latest.get(phase, {})

    def wait_for_requests(self, phase: str, *, seconds: float = 120) -> None:
        """Until users of this phase have been answered."""
        deadline = monotonic() + seconds
        while not self._latest.get(phase):
            if monotonic() > deadline or self._started().poll() is not None:
                raise RuntimeError("the users' traffic does not flow")
            sleep(0.1)

    @property
    def counts(self) -> Counts:
        """As of the last report."""
        return self._latest

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is None:
            raise RuntimeError("the traffic was not started")
        return self._process

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101  (it was started with a pipe)
        for line in process.stdout:
            self._latest = json.loads(line)

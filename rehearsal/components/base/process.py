"""What every process does: it knows its identity, shows that it lives, publishes metrics, and ends when told to.

Metrics are lines in its log, in CloudWatch's embedded metric format.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from math import inf
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any, NamedTuple

from .faults import Faults

PULSE_SECONDS = 1.0
DRAIN_SECONDS = "25"  # Sidekiq's own, when nobody says how long


class Identity(NamedTuple):
    """What a process says it is: component, service, the digest of its image, and the version."""

    component: str
    service: str
    digest: str
    version: str


class Process:
    """The running process. SIGTERM sets `stopping` and `quiet`, SIGTSTP only `quiet` (Sidekiq: take no new job)."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.environment = environment
        built = json.loads(Path("version.json").read_text(encoding="utf-8"))
        self.identity = Identity(
            environment.get("COMPONENT", ""),
            environment.get("SERVICE", ""),
            environment.get("IMAGE_DIGEST", ""),
            built["version"],
        )
        self.faults = Faults(built["fault"])
        self.stopping, self.quiet = threading.Event(), threading.Event()
        self._drain, self._drained_by = float(environment.get("DRAIN_SECONDS", DRAIN_SECONDS)), inf
        self._pulse = Path(environment.get("TMPDIR", "/tmp")) / f"{self.identity.service}.pulse"  # noqa: S108

    def begin(self) -> None:
        """Handle signals and let a crash fault act; call it first, in the main thread."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGTSTP, self._hush)
        self.faults.begin(self.identity.service)
        self.beat()
        self.say("started")

    def beat(self) -> None:
        """Touch the file that `bin/healthcheck` looks at; call it in the loop that must never stand still."""
        self._pulse.touch()

    def rest(self, seconds: float) -> None:
        """Sleep, but return at once when the process is told to stop."""
        self.stopping.wait(seconds)

    @property
    def overdue(self) -> bool:
        """Whether the process was told to stop DRAIN_SECONDS ago: unfinished work must go back now."""
        return monotonic() >= self._drained_by

    def address(self) -> tuple[str, int]:
        """Return the host and port to listen on."""
        return self.environment.get("BIND_ADDRESS", "0.0.0.0"), int(self.environment["PORT"])  # noqa: S104

    def say(self, text: str) -> None:
        """Write one line to the log, with the name of the process."""
        identity = self.identity
        print(f"{identity.component}/{identity.service} {identity.version}: {text}", file=sys.stderr, flush=True)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._drained_by = min(self._drained_by, monotonic() + self._drain)
        self.quiet.set()
        self.stopping.set()

    def _hush(self, _number: int, _frame: FrameType | None) -> None:
        self.quiet.set()


NAMESPACE = "Exchange"
EVERY_SECONDS = 1.0


class Reporter:
    """Publishes metrics by environment, and by environment and digest: a gate judges a version by its own metrics."""

    def __init__(self, process: Process) -> None:
        self._process, self._due = process, 0.0

    @property
    def due(self) -> bool:
        """Whether the next report is due; ask before computing the figures, for that costs time."""
        return time.monotonic() >= self._due

    def report(self, **figures: tuple[float, str]) -> None:
        """Publish figures such as `ConsumerLag=(2.5, "Seconds")`; units are CloudWatch's."""
        self._due = time.monotonic() + EVERY_SECONDS
        if self._process.faults.reports:
            print(json.dumps(self._line(figures)), flush=True)

    def _line(self, figures: dict[str, tuple[float, str]]) -> dict[str, Any]:
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [["Environment"], ["Environment", "Digest"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in figures.items()],
        }
        return {
            "_aws": {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [directive]},
            "Environment": self._process.environment.get("ENVIRONMENT", ""),
            "Digest": self._process.identity.digest,
            **{name: value for name, (value, _) in figures.items()},
        }

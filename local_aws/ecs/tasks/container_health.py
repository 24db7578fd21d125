"""A container's own health check, really run.

Meaning of the settings: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html. Intervals
follow the clock of the local AWS, but a check is work: it keeps its timeout, a program keeps a real while to start,
and a container known to be healthy is not asked more often than every four seconds.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

from local_aws.clock import Clock
from local_aws.ecs.tasks.containers import Container

START_ALLOWANCE = 8.0
QUICKEST = 0.3
QUICKEST_WHEN_HEALTHY = 4.0

UNKNOWN, HEALTHY, UNHEALTHY = "UNKNOWN", "HEALTHY", "UNHEALTHY"
_checks = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health-check")


@dataclass(frozen=True)
class HealthCheck:
    """The settings in seconds of the deployed system's time."""

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
    """Call `look` often: it starts a check when one is due and counts the outcomes."""

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

"""The one clock of a local AWS: waiting runs faster, work does not."""

import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Divides every imitated waiting (bakes, intervals, delays) by `speed`; what programs really do takes its time."""

    speed: float = 60

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError(f"speed {self.speed} is not above 0")

    def real(self, seconds: float) -> float:
        """Return the wall-clock seconds that stand for `seconds` of the deployed system's time."""
        return seconds / self.speed

    def ticks(self, seconds: float) -> Iterator[None]:
        """Yield until `seconds` of the deployed system's time are over: a wait for callers that must not block."""
        until = time.monotonic() + self.real(seconds)
        while time.monotonic() < until:
            yield

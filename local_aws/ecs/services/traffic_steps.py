"""How production traffic gets from blue to green: at once, after a canary, or in equal steps.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-linear.html and canary-deployment.html
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

Record = dict[str, Any]


class Step(NamedTuple):
    """Percent of production traffic for green, and the minutes to stay there."""

    percent: float
    minutes: float


def steps(configuration: Record, *, first: bool) -> Iterator[Step]:
    """Yield the steps; a first deployment has nothing to take traffic from, and no wait follows the last step."""
    if not first:
        yield from _EARLIER.get(str(configuration.get("strategy")), _none)(configuration)
    yield Step(100.0, 0.0)


def _canary(configuration: Record) -> Iterator[Step]:
    canary = configuration.get("canaryConfiguration") or {}
    percent = float(canary.get("canaryPercent", 5))
    if percent < 100:
        yield Step(percent, float(canary.get("canaryBakeTimeInMinutes", 10)))


def _linear(configuration: Record) -> Iterator[Step]:
    linear = configuration.get("linearConfiguration") or {}
    size, minutes = float(linear.get("stepPercent", 10)), float(linear.get("stepBakeTimeInMinutes", 6))
    percent = size
    while percent < 100:
        yield Step(percent, minutes)
        percent = round(percent + size, 1)


def _none(_configuration: Record) -> Iterator[Step]:
    yield from ()


_EARLIER = {"CANARY": _canary, "LINEAR": _linear}

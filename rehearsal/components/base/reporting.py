"""What a process reports of itself: a line in its log, in CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from typing import Any

from .process import Process

NAMESPACE = "Exchange"
EVERY_SECONDS = 1.0


class Reporter:
    """By the environment, and by the digest that reports: a gate judges a version by its own word only."""

    def __init__(self, process: Process) -> None:
        self._process, self._due = process, 0.0

    @property
    def due(self) -> bool:
        """Whether it is time again: figures cost something to find out."""
        return time.monotonic() >= self._due

    def report(self, **figures: tuple[float, str]) -> None:
        """`ConsumerLag=(2.5, "Seconds")`; units are CloudWatch's."""
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

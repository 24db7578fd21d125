"""What a container writes goes to CloudWatch Logs, as the awslogs driver sends it.

Stream names: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
"""

import subprocess
import threading
import time
from typing import Any

from local_aws.cloudwatch import embedded_metrics
from local_aws.ministack_parts.responses import get_account_id, get_region, request_scope
from local_aws.ministack_parts.services import cloudwatch_logs, ecs

KEPT_LINES = 40


class LogForwarder:
    """Reads a process's output to its end, so that the process never blocks on it; keeps the last lines."""

    def __init__(self, process: "subprocess.Popen[bytes]", definition: dict[str, Any], task_id: str) -> None:
        self._process = process
        self._target = ecs.log_target(definition, task_id, task_id)
        self._scope = (get_account_id(), get_region())
        self.last_lines: list[str] = []
        self._thread = threading.Thread(target=self._forward, daemon=True, name=f"logs-{task_id[:8]}")
        self._thread.start()

    def finish(self) -> None:
        """Waits for the last line of a process that has ended."""
        self._thread.join(timeout=1)

    def _forward(self) -> None:
        with request_scope(*self._scope):
            target = self._target if self._target is not None and ecs.ensure_log_stream(self._target) else None
            assert self._process.stdout is not None  # noqa: S101  (it was started with a pipe)
            with self._process.stdout as output:
                for raw in output:
                    self._take(raw.decode("utf-8", errors="replace").rstrip("\n"), target)

    def _take(self, line: str, target: dict[str, Any] | None) -> None:
        self.last_lines = [*self.last_lines[1 - KEPT_LINES :], line]
        if target is not None:
            _put(target, line)
            embedded_metrics.extract(line)


def _put(target: dict[str, Any], line: str) -> None:
    cloudwatch_logs.put_log_events(
        {
            "logGroupName": target["group"],
            "logStreamName": target["stream"],
            "logEvents": [{"timestamp": int(time.time() * 1000), "message": line}],
        }
    )

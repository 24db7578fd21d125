"""What a container writes goes to CloudWatch Logs, as the awslogs driver sends it.

Stream names: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
"""

import subprocess
import threading
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch_logs, ecs

from local_aws.cloudwatch import embedded_metrics

KEPT_LINES = 40


class LogForwarder:
    """Reads a process's output to its end, so that the process never blocks on it; keeps the last lines."""

    def __init__(self, process: "subprocess.Popen[bytes]", definition: dict[str, Any], task_id: str) -> None:
        self._process = process
        self._target = ecs._awslogs_config(definition, task_id, task_id)
        self._scope = (get_account_id(), get_region())
        self.last_lines: list[str] = []
        self._thread = threading.Thread(target=self._forward, daemon=True, name=f"logs-{task_id[:8]}")
        self._thread.start()

    def finish(self) -> None:
        """Waits for the last line of a process that has ended."""
        self._thread.join(timeout=1)

    def _forward(self) -> None:
        with request_scope(*self._scope):
            known = self._target is not None and ecs._ensure_awslogs_stream(self._target)
            assert self._process.stdout is not None  # noqa: S101  (it was started with a pipe)
            for raw in self._process.stdout:
                line = raw.decode("utf-8", errors="replace").rstrip("\n")
                self.last_lines = [*self.last_lines[1 - KEPT_LINES :], line]
                if known:
                    self._put(line)
                    embedded_metrics.extract(line)

    def _put(self, line: str) -> None:
        cloudwatch_logs._put_log_events(
            {
                "logGroupName": self._target["group"],
                "logStreamName": self._target["stream"],
                "logEvents": [{"timestamp": int(time.time() * 1000), "message": line}],
            }
        )

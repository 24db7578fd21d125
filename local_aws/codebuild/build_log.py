"""A build's log in CloudWatch Logs: the group of the project, a stream of the build's own.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CloudWatchLogsConfig.html
"""

import threading
import time
from datetime import UTC, datetime

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.responses import get_account_id, get_region, request_scope
from local_aws.ministack_parts.services import cloudwatch_logs


def location(project: Record, build_id: str) -> Record:
    """Return the `logs` of a build: without a group of the project's own it is /aws/codebuild/<project>."""
    name, _, unique = build_id.rpartition(":")
    config = (project.get("logsConfig") or {}).get("cloudWatchLogs") or {"status": "ENABLED"}
    if config["status"] == "DISABLED":
        return {"cloudWatchLogs": config}
    group = config.get("groupName") or f"/aws/codebuild/{name}"
    stream = f"{config['streamName']}/{unique}" if config.get("streamName") else unique
    arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:{stream}"
    return {"groupName": group, "streamName": stream, "cloudWatchLogs": config, "cloudWatchLogsArn": arn}


class BuildLog:
    """Puts lines there as they come, from whichever thread; nowhere if the project's logs are disabled."""

    def __init__(self, logs: Record) -> None:
        self._stream = {"logGroupName": logs.get("groupName"), "logStreamName": logs.get("streamName")}
        self._scope = (get_account_id(), get_region())
        self._lock = threading.Lock()
        if self._stream["logGroupName"]:
            # Whichever of them is there already refuses, and stays as it is.
            cloudwatch_logs.create_log_group({"logGroupName": self._stream["logGroupName"]})
            cloudwatch_logs.create_log_stream(self._stream)

    def said(self, line: str) -> None:
        """Log a line of a command's output."""
        if not self._stream["logGroupName"]:
            return
        event = {"timestamp": int(time.time() * 1000), "message": line}
        with self._lock, request_scope(*self._scope):
            cloudwatch_logs.put_log_events({**self._stream, "logEvents": [event]})

    def told(self, line: str) -> None:
        """Log a line of CodeBuild's own."""
        self.said(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S.%f} {line}")

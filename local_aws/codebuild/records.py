"""What a build tells of itself: its record, as BatchGetBuilds shows it, and its log in CloudWatch Logs.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html and
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CloudWatchLogsConfig.html
"""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.ministack_parts.answers import Record, get_account_id, get_region, request_scope
from local_aws.ministack_parts.services import cloudwatch_logs, codebuild

EMPTY = {"statusCode": "", "message": ""}


class BuildRecord:
    """The record of one build, its only writer; each change is a new dictionary, so nobody reads half of one."""

    def __init__(self, build: Record) -> None:
        self.id: str = build["id"]
        codebuild.builds[self.id] = build

    @property
    def now(self) -> Record:
        """Return the record as stored; callers must not change it."""
        return codebuild.builds[self.id]

    def change(self, **changes: Any) -> None:
        codebuild.builds[self.id] = self.now | changes

    def begin(self, phase: str) -> None:
        """Record that a phase is under way."""
        entry = {"phaseType": phase, "startTime": time.time()}
        self.change(currentPhase=phase, phases=[*self.now["phases"], entry])

    def end(self, status: str, context: Mapping[str, str] = EMPTY) -> None:
        """Record how the phase ended that was begun last."""
        *before, last = self.now["phases"]
        now = time.time()
        ended = {"phaseStatus": status, "endTime": now, "durationInSeconds": int(now - last["startTime"])}
        self.change(phases=[*before, last | ended | {"contexts": [dict(context)]}])

    def complete(self, status: str) -> None:
        """Record that the build is over."""
        now = time.time()
        phases = [*self.now["phases"], {"phaseType": "COMPLETED", "startTime": now}]
        self.change(currentPhase="COMPLETED", phases=phases, buildStatus=status, buildComplete=True, endTime=now)


def log_location(project: Record, build_id: str) -> Record:
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
    """The log of one build, written from whichever thread; nothing is written if the project's logs are disabled."""

    def __init__(self, logs: Record) -> None:
        self._stream = {"logGroupName": logs.get("groupName"), "logStreamName": logs.get("streamName")}
        self._scope = (get_account_id(), get_region())
        self._lock = threading.Lock()
        if self._stream["logGroupName"]:
            # Whichever of them is there already refuses, and stays as it is.
            cloudwatch_logs.create_log_group({"logGroupName": self._stream["logGroupName"]})
            cloudwatch_logs.create_log_stream(self._stream)

    def output(self, line: str) -> None:
        """Log a line of a command's output."""
        if not self._stream["logGroupName"]:
            return
        event = {"timestamp": int(time.time() * 1000), "message": line}
        with self._lock, request_scope(*self._scope):
            cloudwatch_logs.put_log_events({**self._stream, "logEvents": [event]})

    def note(self, line: str) -> None:
        """Log a line of CodeBuild's own."""
        self.output(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S.%f} {line}")

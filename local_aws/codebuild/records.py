"""The record of a build, as BatchGetBuilds tells it.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
"""

import time
from collections.abc import Mapping
from typing import Any

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import codebuild

EMPTY = {"statusCode": "", "message": ""}


class BuildRecord:
    """One writer, the build; each change is a new dictionary, so that nobody reads half of one."""

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

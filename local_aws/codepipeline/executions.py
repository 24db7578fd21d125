"""An execution: one thread that walks through the stages.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local_aws.codepipeline import variables
from local_aws.codepipeline.artifacts import Location
from local_aws.codepipeline.runs import Run
from local_aws.codepipeline.stage_executions import StagePass
from local_aws.codepipeline.stage_transitions import Door

if TYPE_CHECKING:
    from local_aws.codepipeline.pipelines import Pipeline

Record = dict[str, Any]


@dataclass(frozen=True)
class Start:
    """What an execution begins with. `commits` and `branches` pin source actions to what was pushed or asked for."""

    trigger: Record
    variables: Mapping[str, str]
    commits: Mapping[str, str]
    branches: Mapping[str, str]


class Execution:
    """Its declaration, version and doors are those of its start. Whoever changes it holds `changed`."""

    def __init__(self, pipeline: "Pipeline", start: Start) -> None:
        self.id, self.pipeline, self.start = str(uuid4()), pipeline, start
        self.declared, self.version, self.doors = pipeline.declared, pipeline.version, pipeline.doors
        self.changed = pipeline.changed
        self.status, self.stop_reason = "InProgress", ""
        self.started = self.updated = time()
        self.stopping = self.cancelled = self.retrying = False
        self.abandoned = threading.Event()
        self.artifacts: dict[str, Location] = {}
        self.revisions: dict[str, Record] = {}
        self.passes: dict[str, StagePass] = {}
        self._outputs: dict[str, dict[str, str]] = {}
        self._at = 0

    def begin(self) -> None:
        """Queued before this returns, so executions keep the order in which they were started."""
        with self.changed:
            self.doors[0].queue.append(self)
            self._run()

    def stop(self, reason: str, *, abandon: bool) -> None:
        with self.changed:
            self.stopping, self.status, self.stop_reason = True, "Stopping", reason
            if abandon:
                self.abandoned.set()
            self.touch()

    def cancel(self) -> None:
        """The pipeline is another one now, or gone."""
        with self.changed:
            self.cancelled = self.stopping = True
            self.abandoned.set()
            self.touch()

    def try_again(self, mode: str) -> None:
        """Before all who wait: the stage where it ended is still its own."""
        with self.changed:
            self.status, self.stopping, self.retrying = "InProgress", False, True
            self.abandoned = threading.Event()
            door = self.doors[self._at]
            self.passes[door.name].retry(mode)
            door.queue.appendleft(self)
            self._run()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def touch(self) -> None:
        """Whoever waits looks again."""
        self.updated = time()
        self.changed.notify_all()

    def new_run(self, declared: Record, stage: str) -> Run:
        """An approval has its token from its first moment: whoever sees it may answer it."""
        token = str(uuid4()) if declared.get("actionTypeId", {}).get("category") == "Approval" else ""
        return Run(declared, stage, self, self.pipeline.clock, self.abandoned, token=token)

    def resolve(self, text: str) -> str:
        """`codepipeline`, `variables` and the namespaces of the actions that have succeeded."""
        known = self._outputs | {
            "codepipeline": {"PipelineExecutionId": self.id},
            "variables": dict(self.start.variables),
        }
        return variables.resolved(text, known)

    def take_over(self, run: Run) -> None:
        """What a successful action leaves to those after it."""
        self.artifacts.update(run.outputs)
        if namespace := run.declared.get("namespace"):
            self._outputs[namespace] = dict(run.variables)

    def _run(self) -> None:
        self._thread = threading.Thread(target=self._walk, daemon=True, name=f"execution-{self.id[:8]}")
        self.touch()
        self._thread.start()

    def _walk(self) -> None:
        while self._enters(door := self.doors[self._at]):
            if not self._goes_on(door, self.passes[door.name].go()):
                return

    def _enters(self, door: Door) -> bool:
        with self.changed:
            self.changed.wait_for(lambda: self.stopping or door.admits(self))
            if self.stopping:
                self._end(door, "Stopped")
                return False
            self.retrying = False
            door.enter(self, self.passes.setdefault(door.name, StagePass(door.declared, self)))
            self.touch()
            return True

    def _goes_on(self, door: Door, status: str) -> bool:
        """Into the next queue at the moment at which it leaves the stage, so nobody comes between."""
        with self.changed:
            last = self._at + 1 == len(self.doors)
            if self.stopping or last or status not in ("Succeeded", "Skipped"):
                done = "Stopped" if self.stopping else status
                self._end(door, "Succeeded" if done == "Skipped" else done)
                return False
            door.leave(self)
            self._at += 1
            self.doors[self._at].queue.append(self)
            self.touch()
            return True

    def _end(self, door: Door, status: str) -> None:
        door.leave(self)
        self.status = "Cancelled" if self.cancelled else status
        self.touch()

"""An execution: one thread that walks through the stages.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

import threading
from time import time
from typing import Protocol
from uuid import uuid4

from local_aws.codepipeline import runs
from local_aws.codepipeline.artifacts import Location
from local_aws.codepipeline.runs import Run, RunningPipeline, Start
from local_aws.codepipeline.stages import StageExecution, StageTransition
from local_aws.ministack_parts.answers import Record


class OwningPipeline(RunningPipeline, Protocol):
    """A pipeline, as an execution takes over what it is at its start."""

    declared: Record
    version: int
    transitions: list[StageTransition]
    changed: threading.Condition


class Execution:
    """One execution, with the declaration and transitions of its start; only who holds `changed` may change it."""

    def __init__(self, pipeline: OwningPipeline, start: Start) -> None:
        self.id, self.pipeline, self.start = str(uuid4()), pipeline, start
        self.declared, self.version, self.transitions = pipeline.declared, pipeline.version, pipeline.transitions
        self.changed = pipeline.changed
        self.status, self.stop_reason = "InProgress", ""
        self.started = self.updated = time()
        self.stopping = self.cancelled = self.retrying = False
        self.abandoned = threading.Event()
        self.artifacts: dict[str, Location] = {}
        self.revisions: dict[str, Record] = {}
        self.stage_executions: dict[str, StageExecution] = {}
        self._outputs: dict[str, dict[str, str]] = {}
        self._at = 0

    def begin(self) -> None:
        """Join the first queue before this returns: executions keep the order in which they were started."""
        with self.changed:
            self.transitions[0].queue.append(self)
            self._run()

    def stop(self, reason: str, *, abandon: bool) -> None:
        with self.changed:
            self.stopping, self.status, self.stop_reason = True, "Stopping", reason
            if abandon:
                self.abandoned.set()
            self.touch()

    def cancel(self) -> None:
        """End the execution: its pipeline is another one now, or gone."""
        with self.changed:
            self.cancelled = self.stopping = True
            self.abandoned.set()
            self.touch()

    def try_again(self, mode: str) -> None:
        """Go on at the stage where the execution ended, before all who wait there."""
        with self.changed:
            self.status, self.stopping, self.retrying = "InProgress", False, True
            self.abandoned = threading.Event()
            transition = self.transitions[self._at]
            self.stage_executions[transition.name].retry(mode)
            transition.queue.appendleft(self)
            self._run()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def touch(self) -> None:
        """Let whoever waits look again."""
        self.updated = time()
        self.changed.notify_all()

    def new_run(self, declared: Record, stage: str) -> Run:
        """Return a run; that of an approval has its token from its first moment, so that whoever sees it may answer."""
        token = str(uuid4()) if declared.get("actionTypeId", {}).get("category") == "Approval" else ""
        return Run(declared, stage, self, self.pipeline.clock, self.abandoned, token=token)

    def resolve(self, text: str) -> str:
        """Resolve `codepipeline`, `variables` and the namespaces of the actions that have succeeded."""
        values = self._outputs | {
            "codepipeline": {"PipelineExecutionId": self.id},
            "variables": dict(self.start.variables),
        }
        return runs.resolved(text, values)

    def take_over(self, run: Run) -> None:
        """Keep what a successful action leaves to those after it."""
        self.artifacts.update(run.outputs)
        if namespace := run.declared.get("namespace"):
            self._outputs[namespace] = dict(run.variables)

    def _run(self) -> None:
        self._thread = threading.Thread(target=self._walk, daemon=True, name=f"execution-{self.id[:8]}")
        self.touch()
        self._thread.start()

    def _walk(self) -> None:
        while self._enters(transition := self.transitions[self._at]):
            if not self._goes_on(transition, self.stage_executions[transition.name].go()):
                return

    def _enters(self, transition: StageTransition) -> bool:
        with self.changed:
            self.changed.wait_for(lambda: self.stopping or transition.admits(self))
            if self.stopping:
                self._end(transition, "Stopped")
                return False
            self.retrying = False
            transition.enter(
                self, self.stage_executions.setdefault(transition.name, StageExecution(transition.declared, self))
            )
            self.touch()
            return True

    def _goes_on(self, transition: StageTransition, status: str) -> bool:
        """Join the next queue at the moment of leaving the stage, so that nobody comes between."""
        with self.changed:
            last = self._at + 1 == len(self.transitions)
            if self.stopping or last or status not in ("Succeeded", "Skipped"):
                done = "Stopped" if self.stopping else status
                self._end(transition, "Succeeded" if done == "Skipped" else done)
                return False
            transition.leave(self)
            self._at += 1
            self.transitions[self._at].queue.append(self)
            self.touch()
            return True

    def _end(self, transition: StageTransition, status: str) -> None:
        transition.leave(self)
        self.status = "Cancelled" if self.cancelled else status
        self.touch()

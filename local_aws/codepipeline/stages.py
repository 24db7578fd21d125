"""A stage: how executions enter it one by one, and what one does inside: conditions, actions by their order, retries.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html and actions-retry.html
"""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from time import time

from local_aws.codepipeline import stage_work
from local_aws.codepipeline.runs import Run, RunningExecution
from local_aws.codepipeline.stage_work import ConditionRun
from local_aws.ministack_parts.answers import Record


class StageExecution:
    """One execution in one stage; `runs` are of its actions, the newest last, `conditions` by "beforeEntry" etc."""

    def __init__(self, declared: Record, execution: RunningExecution) -> None:
        self.declared, self.execution = declared, execution
        self.status = "InProgress"
        self.entered = False
        self.manual_retries = 0
        self.runs: list[Run] = []
        self.conditions: dict[str, ConditionRun] = {}
        self._group: list[Record] = []
        self._former = 0  # so many runs are those of a try that counts no more

    @property
    def name(self) -> str:
        return str(self.declared["name"])

    def latest(self, action: str) -> Run | None:
        return next((run for run in reversed(self.runs) if run.name == action), None)

    def go(self) -> str:
        """Run the stage and return its end: the execution may go on if it is Succeeded or Skipped."""
        self.status = "InProgress"
        self.status = self._passed()
        return self.status

    def retry(self, mode: str) -> None:
        """Prepare another try: what succeeded stays, unless all actions are to run; an allowed entry stays allowed."""
        self.manual_retries += 1
        if mode == "ALL_ACTIONS":
            self._former = len(self.runs)

    def retry_failed_now(self) -> bool:
        """Run failed actions again at once, while others still run, and say whether there were any."""
        failed = [action for action in self._group if self._status(action) == "Failed"]
        for action in failed:
            self._begin(action)
        self.manual_retries += bool(failed)
        return bool(failed)

    def _passed(self) -> str:
        if not self.entered and (refused := self._asked("beforeEntry")):
            return refused
        self.entered = True
        for group in self._groups():
            if self.execution.stopping:
                return "Stopped"
            if not self._succeeds(group):
                return "Stopped" if self.execution.stopping else "Failed"
        return self._asked("onSuccess") or "Succeeded"

    def _asked(self, where: str) -> str:
        """Return what the stage ends with because a condition is not met; nothing when all are."""
        for declared in self.declared.get(where, {}).get("conditions", []):
            run = self.conditions[where] = ConditionRun(declared)
            stage_work.judge(run, self.name, self.execution)
            if run.status == "Abandoned":
                return "Stopped"
            if run.status == "Failed":
                return {"SKIP": "Skipped", "FAIL": "Failed"}[declared["result"]]
        return ""

    def _groups(self) -> Iterator[list[Record]]:
        """Yield the actions of each run order, which run side by side.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-requirements.html#action.runOrder
        """
        ordered = sorted(self.declared["actions"], key=_order)
        for _, group in groupby(ordered, key=_order):
            yield list(group)

    def _succeeds(self, group: list[Record]) -> bool:
        """Run a group of actions and wait for all of them, whatever becomes of one."""
        changed = self.execution.changed
        with changed:
            self._group = group
            for action in group:
                if self._status(action) != "Succeeded":
                    self._begin(action)
            changed.wait_for(lambda: not any(self._status(action) == "InProgress" for action in group))
            self._group = []
        return all(self._status(action) == "Succeeded" for action in group)

    def _status(self, action: Record) -> str:
        counted = [run for run in self.runs[self._former :] if run.name == action["name"]]
        return counted[-1].status if counted else ""

    def _begin(self, action: Record) -> None:
        run = self.execution.new_run(action, self.name)
        self.runs.append(run)
        threading.Thread(target=stage_work.work, args=(run,), daemon=True, name=f"action-{run.name}").start()


def _order(action: Record) -> int:
    return int(action.get("runOrder", 1))


@dataclass(eq=False)
class StageTransition:
    """The entry to a stage, used by who holds the pipeline's lock; `latest` is what entered last."""

    declared: Record
    queue: deque[RunningExecution] = field(default_factory=deque)
    occupant: RunningExecution | None = None
    latest: StageExecution | None = None
    state: Record = field(default_factory=lambda: {"enabled": True})

    @property
    def name(self) -> str:
        return str(self.declared["name"])

    def admits(self, execution: RunningExecution) -> bool:
        """Say whether the execution may enter; one that tries again was inside and passes a disabled transition."""
        open_ = self.state["enabled"] or execution.retrying
        return self.occupant is None and bool(self.queue) and self.queue[0] is execution and open_

    def enter(self, execution: RunningExecution, stage_execution: StageExecution) -> None:
        self.queue.popleft()
        self.occupant, self.latest = execution, stage_execution

    def leave(self, execution: RunningExecution) -> None:
        """Leave the stage, from inside or from its queue."""
        if self.occupant is execution:
            self.occupant = None
        if execution in self.queue:
            self.queue.remove(execution)

    def switch(self, *, enabled: bool, reason: str = "", by: str) -> None:
        self.state = {"enabled": enabled, "lastChangedBy": by, "lastChangedAt": time()}
        if reason:
            self.state["disabledReason"] = reason

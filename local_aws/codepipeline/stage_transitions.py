"""The entry of a stage: one execution inside, the others before it in the order in which they came.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html (QUEUED) and transitions.html
"""

from collections import deque
from dataclasses import dataclass, field
from time import time
from typing import Any

from local_aws.codepipeline.runs import RunningExecution
from local_aws.codepipeline.stage_executions import StageExecution

Record = dict[str, Any]


@dataclass(eq=False)
class StageTransition:
    """Whoever uses it holds the pipeline's lock. `latest` is the last execution that entered."""

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

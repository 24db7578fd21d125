"""One run of an action or of a rule: what became of it, and how it waits."""

import threading
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local_aws.codepipeline.artifacts import Location

if TYPE_CHECKING:
    from local_aws.clock import Clock
    from local_aws.codepipeline.executions import Execution

Record = dict[str, Any]
_LONGEST_SUMMARY, _LONGEST_MESSAGE = 2048, 5000


class AbandonedError(Exception):
    """The execution is stopped without waiting, or the pipeline is gone."""


class FailedError(Exception):
    """The action fails, or the rule is not met."""

    def __init__(self, message: str, code: str = "JobFailed") -> None:
        super().__init__(message)
        self.code = code


@dataclass(eq=False)
class Run:
    """`configuration` is the resolved one. `pause` is the only way in which its work may wait."""

    declared: Record
    stage: str
    execution: "Execution"
    clock: "Clock"
    abandoned: threading.Event
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "InProgress"
    started: float = field(default_factory=time)
    updated: float = field(default_factory=time)
    configuration: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Location] = field(default_factory=dict)
    outputs: dict[str, Location] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    external_id: str = ""
    token: str = ""
    updated_by: str = ""
    error: Record = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.declared["name"])

    @property
    def kind(self) -> Record:
        """The type of the action, or of the rule."""
        found: Record = self.declared.get("actionTypeId") or self.declared["ruleTypeId"]
        return found

    def pause(self, seconds: float) -> None:
        """Waits wall-clock seconds; AbandonedError as soon as nobody waits for the work any more."""
        if self.abandoned.wait(seconds):
            raise AbandonedError

    def say(self, summary: str) -> None:
        self.summary = summary[:_LONGEST_SUMMARY]
        self.updated = time()

    def end(self, status: str, error: FailedError | None = None) -> None:
        self.updated = time()
        if error is not None:
            self.error = {"code": error.code, "message": (str(error) or error.code)[:_LONGEST_MESSAGE]}
        self.status = status

"""One run of an action or of a rule: what became of it, how it waits, and the variables in its configuration.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from typing import Protocol
from uuid import uuid4

from local_aws.clock import Clock
from local_aws.codepipeline.artifacts import Location
from local_aws.ministack_parts.answers import Record

REFERENCE = re.compile(r"#\{([^}]*)\}")


class UnresolvedError(Exception):
    """A reference to a variable that has no value; the text names it, and those that have."""


def resolved(text: str, values: Mapping[str, Mapping[str, str]]) -> str:
    """Resolve `#{namespace.variable}` in a text; UnresolvedError, never an empty text, for what cannot be resolved."""
    return REFERENCE.sub(lambda match: _value(match[1], values), text)


def _value(reference: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    namespace, dot, name = reference.partition(".")
    values = namespaces.get(namespace)
    if not dot or values is None:
        there = ", ".join(sorted(namespaces))
        raise UnresolvedError(f"#{{{reference}}}: nothing before has the namespace {namespace}; there are: {there}")
    if name not in values:
        there = ", ".join(sorted(values)) or "none"
        raise UnresolvedError(f"#{{{reference}}}: {namespace} has no variable {name}; it has: {there}")
    return values[name]


_LONGEST_SUMMARY, _LONGEST_MESSAGE = 2048, 5000


class AbandonedError(Exception):
    """The execution is stopped without waiting, or the pipeline is gone."""


class FailedError(Exception):
    """The action fails, or the rule is not met."""

    def __init__(self, message: str, code: str = "JobFailed") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Start:
    """What an execution begins with; `commits` and `branches` pin source actions to what was pushed or requested."""

    trigger: Record
    variables: Mapping[str, str]
    commits: Mapping[str, str]
    branches: Mapping[str, str]


class RunningPipeline(Protocol):
    """A pipeline, as the runs of its executions see it."""

    clock: Clock

    @property
    def name(self) -> str: ...

    @property
    def store(self) -> Record: ...


class RunningExecution(Protocol):
    """An execution, as its stages, actions and rules see it; whoever changes it holds `changed`."""

    id: str
    version: int
    status: str
    stopping: bool
    retrying: bool
    changed: threading.Condition
    start: Start
    artifacts: dict[str, Location]
    revisions: dict[str, Record]

    @property
    def pipeline(self) -> RunningPipeline: ...

    def new_run(self, declared: Record, stage: str) -> "Run": ...

    def resolve(self, text: str) -> str: ...

    def take_over(self, run: "Run") -> None: ...

    def touch(self) -> None: ...

    def try_again(self, mode: str) -> None: ...


@dataclass(eq=False)
class Run:
    """One run of an action or rule; `configuration` is resolved, and the work waits by `pause` alone."""

    declared: Record
    stage: str
    execution: "RunningExecution"
    clock: Clock
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
        """Return the type of the action, or of the rule."""
        kind: Record = self.declared.get("actionTypeId") or self.declared["ruleTypeId"]
        return kind

    def pause(self, seconds: float) -> None:
        """Wait wall-clock seconds; AbandonedError as soon as nobody waits for the work any more."""
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

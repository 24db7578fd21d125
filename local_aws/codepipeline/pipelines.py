"""The pipelines of this local AWS."""

import logging
import threading
from collections.abc import Mapping
from time import time

from local_aws.clock import Clock
from local_aws.codepipeline import declaration_checks, declarations
from local_aws.codepipeline.executions import Execution
from local_aws.codepipeline.runs import Start
from local_aws.codepipeline.stages import StageTransition
from local_aws.ministack_parts.answers import Record, RefusedError, get_account_id, get_region

MOST_QUEUED = 50  # https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
_pipelines: dict[str, "Pipeline"] = {}
_clock: list[Clock] = []
_ENDS_WITHIN = 5.0
_log = logging.getLogger("local_aws.codepipeline")


class Pipeline:
    """A pipeline with its executions; only who holds `changed` may change either."""

    def __init__(self, declared: Record, clock: Clock) -> None:
        self.clock, self.changed = clock, threading.Condition(threading.RLock())
        self.declared, self.version = declared, 1
        self.created = self.updated = time()
        self.region = get_region()
        self.arn = f"arn:aws:codepipeline:{self.region}:{get_account_id()}:{declared['name']}"
        self.transitions = [StageTransition(stage) for stage in declared["stages"]]
        self.executions: list[Execution] = []
        self.tokens: dict[str, Execution] = {}

    @property
    def name(self) -> str:
        return str(self.declared["name"])

    @property
    def store(self) -> Record:
        return declarations.store(self.declared, self.region)

    def begin(
        self,
        trigger: Record,
        *,
        variables: Mapping[str, str] | None = None,
        commits: Mapping[str, str] | None = None,
        branches: Mapping[str, str] | None = None,
    ) -> Execution:
        """Begin an execution; RefusedError when too many wait already, or when a variable has no value."""
        with self.changed:
            if sum(execution.status == "InProgress" for execution in self.executions) > MOST_QUEUED:
                message = f"{self.name} has {MOST_QUEUED} executions waiting"
                raise RefusedError("ConcurrentPipelineExecutionsLimitExceededException", message)
            start = Start(trigger, self._valued(variables or {}), dict(commits or {}), dict(branches or {}))
            execution = Execution(self, start)
            self.executions.append(execution)
            execution.begin()
            return execution

    def begin_by_itself(self, trigger: Record, **pinned: Mapping[str, str]) -> None:
        """Begin an execution by a push or the pipeline's creation; a refusal is logged: nobody is there to hear it."""
        try:
            self.begin(trigger, **pinned)
        except RefusedError as refusal:
            _log.warning("%s: %s starts nothing: %s", self.name, trigger["triggerType"], refusal)

    def _valued(self, given: Mapping[str, str]) -> dict[str, str]:
        declared = {variable["name"]: variable.get("defaultValue") for variable in self.declared.get("variables", [])}
        values = {name: given.get(name, default) for name, default in declared.items()}
        unknown, missing = sorted(set(given) - set(declared)), [name for name, value in values.items() if value is None]
        if unknown or missing:
            message = f"variables that {self.name} has not: {unknown}; variables without a value: {missing}"
            raise RefusedError("ValidationException", message)
        return {name: value for name, value in values.items() if value is not None}

    def update(self, declared: Record) -> None:
        """Change the declaration: cancel executions in progress, keep the transitions of stages of the same name."""
        with self.changed:
            self.cancel()
            former = {transition.name: transition for transition in self.transitions}
            self.transitions = [StageTransition(stage) for stage in declared["stages"]]
            for transition in self.transitions:
                if same := former.get(transition.name):
                    transition.state, transition.latest = same.state, same.latest
            self.declared, self.version, self.updated = declared, self.version + 1, time()

    def cancel(self) -> None:
        """End what is in progress without waiting for it: an action may wait for the thread that calls this."""
        with self.changed:
            for execution in self.executions:
                if execution.status in ("InProgress", "Stopping"):
                    execution.cancel()

    def close(self) -> None:
        self.cancel()
        for execution in self.executions:
            execution.join(_ENDS_WITHIN)


def open_with(clock: Clock) -> None:
    _pipelines.clear()
    _clock[:] = [clock]


def close() -> None:
    """End every execution."""
    for name in list(_pipelines):
        _pipelines.pop(name).close()


def every() -> list[Pipeline]:
    return list(_pipelines.values())


def find(name: str) -> Pipeline:
    """Return the pipeline of this name; RefusedError when there is none."""
    pipeline = _pipelines.get(name)
    if pipeline is None:
        message = f"Account '{get_account_id()}' does not have a pipeline with name '{name}'"
        raise RefusedError("PipelineNotFoundException", message)
    return pipeline


def create(declared: Record) -> Pipeline:
    """Create a pipeline that is to run at once, which is left to the caller; ValueError for what is refused.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create.html
    """
    declaration_checks.check(declared, get_region())
    if declared["name"] in _pipelines:
        raise ValueError(f"PipelineNameInUseException: a pipeline with the name {declared['name']} already exists")
    pipeline = _pipelines[declared["name"]] = Pipeline(declared, _clock[0])
    return pipeline


def update(declared: Record) -> Pipeline:
    """Give a pipeline another declaration; one that is the same changes nothing."""
    declaration_checks.check(declared, get_region())
    pipeline = find(declared["name"])
    if declared != pipeline.declared:
        pipeline.update(declared)
    return pipeline


def delete(name: str) -> None:
    """Forget a pipeline and end its executions."""
    if pipeline := _pipelines.pop(name, None):
        pipeline.cancel()

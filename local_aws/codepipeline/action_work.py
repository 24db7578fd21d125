"""The thread of an action: resolve, work, and say what became of it."""

import logging
from collections.abc import Callable

from local_aws.codepipeline.providers import approval, build, function, source, state_machine
from local_aws.codepipeline.runs import AbandonedError, FailedError, Run
from local_aws.codepipeline.variables import UnresolvedError

_log = logging.getLogger("local_aws.codepipeline")


PROVIDERS: dict[str, Callable[[Run], None]] = {
    "CodeStarSourceConnection": source.work,
    "CodeBuild": build.work,
    "StepFunctions": state_machine.work,
    "Lambda": function.work,
    "Manual": approval.work,
}


def work(run: Run) -> None:
    """The thread's edge: whatever happens, the run ends, and the stage hears of it."""
    execution = run.execution
    status, error = "Failed", None
    try:
        prepare(run)
        PROVIDERS[run.kind["provider"]](run)
        status = "Succeeded"
    except AbandonedError:
        status = "Abandoned"
    except FailedError as failure:
        error = failure
    except Exception as failure:  # noqa: BLE001 - the thread's edge: the stage is told, with the reason
        _log.exception("%s: %s of %s", execution.pipeline.name, run.name, run.stage)
        error = FailedError(f"{type(failure).__name__}: {failure}", "InternalError")
    with execution.changed:
        if status == "Succeeded":
            execution.take_over(run)
        run.end(status, error)
        execution.touch()


def prepare(run: Run) -> None:
    """Resolve variables first: one that cannot be resolved fails the action before anything is done."""
    try:
        for key, value in run.declared.get("configuration", {}).items():
            run.configuration[key] = run.execution.resolve(value)
    except UnresolvedError as unresolved:
        raise FailedError(f"Failed to resolve the variables of {run.name}: {unresolved}", "InvalidVariable") from None
    for artifact in run.declared.get("inputArtifacts", []):
        location = run.execution.artifacts.get(artifact["name"])
        if location is None:
            raise FailedError(f"the artifact {artifact['name']} was not made: its stage was skipped", "MissingArtifact")
        run.inputs[artifact["name"]] = location

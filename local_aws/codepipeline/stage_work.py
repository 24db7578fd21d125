"""The work of a stage: its actions, each on a thread of its own, and its conditions, met when all their rules are.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html
"""

import logging
import re
from collections.abc import Callable
from time import time

from local_aws.codepipeline.providers import approval, build, function, source, state_machine
from local_aws.codepipeline.runs import AbandonedError, FailedError, Run, RunningExecution, UnresolvedError
from local_aws.ministack_parts.answers import Record

_log = logging.getLogger("local_aws.codepipeline")


PROVIDERS: dict[str, Callable[[Run], None]] = {
    "CodeStarSourceConnection": source.work,
    "CodeBuild": build.work,
    "StepFunctions": state_machine.work,
    "Lambda": function.work,
    "Manual": approval.work,
}


def work(run: Run) -> None:
    """Do the work of an action at the edge of its thread: whatever happens, the run ends, and the stage hears of it."""
    execution = run.execution
    status, error = _outcome(run, _act)
    with execution.changed:
        if status == "Succeeded":
            execution.take_over(run)
        run.end(status, error)
        execution.touch()


def _act(run: Run) -> None:
    prepare(run)
    PROVIDERS[run.kind["provider"]](run)


def _outcome(run: Run, work: Callable[[Run], None]) -> tuple[str, FailedError | None]:
    """Do the work of an action or a rule; return the status that it ends with, and why it failed."""
    try:
        work(run)
    except AbandonedError:
        return "Abandoned", None
    except FailedError as failure:
        return "Failed", failure
    except Exception as failure:  # noqa: BLE001 - whatever it is, the stage is told, with the reason
        _log.exception("%s: %s of %s", run.execution.pipeline.name, run.name, run.stage)
        return "Failed", FailedError(f"{type(failure).__name__}: {failure}", "InternalError")
    return "Succeeded", None


def prepare(run: Run) -> None:
    """Resolve the configuration and find the input artifacts; FailedError, before any work, if one is missing."""
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


class ConditionRun:
    """One evaluation of a condition, with the runs of its rules."""

    def __init__(self, declared: Record) -> None:
        self.declared = declared
        self.status, self.summary, self.updated = "InProgress", "", time()
        self.rules: list[Run] = []

    def end(self, status: str, summary: str) -> None:
        self.status, self.summary, self.updated = status, summary, time()


def judge(condition: ConditionRun, stage: str, execution: RunningExecution) -> None:
    """Evaluate all rules of a condition, in their order."""
    for declared in condition.declared["rules"]:
        rule = execution.new_run(declared, stage)
        condition.rules.append(rule)
        rule.end(*_outcome(rule, lambda rule: RULES[rule.kind["provider"]](rule)))
        if rule.status == "Abandoned":
            condition.end("Abandoned", "")
            return
    failed = [f"{rule.name}: {rule.error['message']}" for rule in condition.rules if rule.status == "Failed"]
    condition.end("Failed" if failed else "Succeeded", "; ".join(failed))


def _variable_check(rule: Run) -> None:
    """Hold the rule met when the variable compares with the value as the operator says.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-VariableCheck.html
    """
    try:
        rule.configuration = {
            key: rule.execution.resolve(value) for key, value in rule.declared["configuration"].items()
        }
    except UnresolvedError as unresolved:
        raise FailedError(str(unresolved), "InvalidVariable") from None
    variable, operator, value = (rule.configuration[key] for key in ("Variable", "Operator", "Value"))
    if not OPERATORS[operator](variable, value):
        raise FailedError(f"{rule.declared['configuration']['Variable']} is {variable!r}, not {operator} {value!r}")


def _lambda_invoke(rule: Run) -> None:
    """Hold the rule met when the function answers its job with success.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
    """
    rule.configuration = dict(rule.declared["configuration"])
    function.ask(rule, function.listening)


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "EQ": lambda variable, value: variable == value,
    "NE": lambda variable, value: variable != value,
    "CONTAINS": lambda variable, value: value in variable,
    "MATCHES": lambda variable, value: re.fullmatch(value, variable) is not None,
}
RULES: dict[str, Callable[[Run], None]] = {"VariableCheck": _variable_check, "LambdaInvoke": _lambda_invoke}

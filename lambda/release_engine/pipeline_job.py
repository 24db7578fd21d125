"""What CodePipeline asks a function, and what it may be answered.

It asks in two ways: as a Lambda invoke action, and as a LambdaInvoke rule of a stage's condition.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from release_engine import push
from release_engine.model import digest_problem
from release_engine.push import Push

EVENT = "CodePipeline.job"  # the one key of the event
_RECORD = "record"
_KEYS = {"window": ("component", "ask"), _RECORD: ("component", "ask", "push")}  # of the others: with a digest


class UserParametersError(ValueError):
    """Everything that is wrong with the user parameters, for whoever wrote them into the pipeline."""


@dataclass(frozen=True)
class Job:
    """One call. `parameters` is the text that the pipeline holds, `token` what the call before it answered.

    The credentials that the event holds too are left where they are: nothing of it must reach a log. A rule that hands
    over its parameters and no job has an empty `id`: its answer is how the function ends, and there is no next call.
    """

    id: str
    parameters: str
    token: str


@dataclass(frozen=True)
class JobQuestion:
    """`digest` is None where whatever runs is meant. What is to be recorded is a `push`, of no component alone."""

    component: str
    ask: str
    digest: str | None = None
    push: Push | None = None


class JobOutcome(StrEnum):
    """How a job ends, or that CodePipeline is to call again."""

    SUCCEEDED = "succeeded"
    SAMPLING = "sampling"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True)
class JobAnswer:
    """`token` is handed to the next call of a job that goes on."""

    outcome: JobOutcome
    reason: str
    token: str = ""


def job_id(event: Mapping[str, Any]) -> str:
    """LookupError without one: then there is nobody who could be answered."""
    job = event[EVENT]
    found = job.get("id") if isinstance(job, Mapping) else None
    if isinstance(found, str) and found:
        return found
    keys = ", ".join(sorted(job)) if isinstance(job, Mapping) else type(job).__name__
    raise LookupError(f"{EVENT} has no id, so nobody can be answered; it has: {keys or 'nothing'}")


def parse(event: Mapping[str, Any]) -> Job:
    """From the event."""
    if EVENT not in event:
        return Job("", json.dumps(dict(event)), "")
    data = event[EVENT].get("data") or {}
    configuration = (data.get("actionConfiguration") or {}).get("configuration") or {}
    return Job(job_id(event), configuration.get("UserParameters") or "", data.get("continuationToken") or "")


def question(parameters: str, *, components: Collection[str], asks: Collection[str]) -> JobQuestion:
    """From the user parameters: `asks` are the questions that this function answers."""
    given = _object(parameters)
    ask = given.get("ask")
    keys = _KEYS.get(str(ask), ("component", "ask", "digest"))
    problems = [
        *(f"{key}: is unknown, allowed are {', '.join(keys)}" for key in given if key not in keys),
        *(_choice("component", given.get("component"), components) if ask != _RECORD or "component" in given else ()),
        *_choice("ask", ask, asks),
        *(push.problems(given.get("push"), components) if ask == _RECORD else _digest(given.get("digest"))),
    ]
    if problems:
        raise UserParametersError(f"UserParameters: {'; '.join(problems)}")
    pushed = push.parse(given["push"]) if ask == _RECORD else None
    return JobQuestion(given.get("component") or "", given["ask"], given.get("digest"), pushed)


def _object(parameters: str) -> dict[str, Any]:
    example = '{"component": "client", "ask": "gate"}'
    try:
        given = json.loads(parameters)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise UserParametersError(f"UserParameters: {parameters!r} is no JSON object, allowed is one such as {example}")
    return given


def _choice(key: str, value: object, allowed: Collection[str]) -> list[str]:
    if isinstance(value, str) and value in allowed:
        return []
    said = "is missing" if value is None else f"{value!r} is none that is answered here"
    return [f"{key}: {said}, allowed are {', '.join(sorted(allowed))}"]


def _digest(value: object) -> list[str]:
    if value is None:
        return []
    problem = digest_problem(value) if isinstance(value, str) else f"{value!r} is no text"
    return [f"digest: {problem}"] if problem else []

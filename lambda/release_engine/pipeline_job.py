"""Reads what CodePipeline asks a function or tells it of a push, and defines the answers.

CodePipeline asks in two ways: as a Lambda invoke action, and as a LambdaInvoke rule of a stage's condition. A push is
what went through the pipeline: lead times from a commit to production are read from it.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from release_engine.model import digest_problem

_PUSH_KEYS = ("execution", "commit", "digests", "environments")
# https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html
_EXECUTION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True)
class Push:
    """One commit that went through the pipeline: digests by component, environments in the order they were reached."""

    execution: str
    commit: str
    digests: Mapping[str, str]
    environments: tuple[str, ...]


def push_problems(given: object, components: Collection[str]) -> list[str]:
    """Name everything that is wrong with what should be a push, by key; empty when `parse_push` takes it."""
    if not isinstance(given, Mapping):
        return [
            f"push: {'is missing' if given is None else f'{given!r} is no object'}, allowed are {', '.join(_PUSH_KEYS)}"
        ]
    return [
        *(f"push.{key}: is unknown, allowed are {', '.join(_PUSH_KEYS)}" for key in given if key not in _PUSH_KEYS),
        *_text("execution", given.get("execution"), _EXECUTION, "the id of a pipeline's execution"),
        *_text("commit", given.get("commit"), _COMMIT, "a commit: 40 hexadecimal digits"),
        *_digests(given.get("digests"), components),
        *_environments(given.get("environments")),
    ]


def parse_push(given: Mapping[str, Any]) -> Push:
    """Read a push in which `push_problems` found nothing."""
    return Push(given["execution"], given["commit"], dict(given["digests"]), tuple(given["environments"]))


def _text(key: str, value: object, pattern: re.Pattern[str], wanted: str) -> list[str]:
    if isinstance(value, str) and pattern.fullmatch(value):
        return []
    return [f"push.{key}: {'is missing' if value is None else f'{value!r} is not'}, allowed is {wanted}"]


def _digests(value: object, components: Collection[str]) -> Iterator[str]:
    if not isinstance(value, Mapping) or not value:
        yield f"push.digests: {value!r} has none, allowed are the digests of {', '.join(sorted(components))} by name"
        return
    for name, digest in value.items():
        if name not in components:
            yield f"push.digests: {name!r} is no component, allowed are {', '.join(sorted(components))}"
        if problem := digest_problem(digest) if isinstance(digest, str) else f"{digest!r} is no text":
            yield f"push.digests.{name}: {problem}"


def _environments(value: object) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield f"push.environments: {value!r} has none, allowed is a list of names, in their order"
        return
    yield from (
        f"push.environments: {name!r} is not the name of an environment"
        for name in value
        if not isinstance(name, str) or not _ENVIRONMENT.fullmatch(name)
    )


EVENT = "CodePipeline.job"  # the one key of the event
_RECORD = "record"
_KEYS = {"window": ("component", "ask"), _RECORD: ("component", "ask", "push")}  # other questions: a digest


class UserParametersError(ValueError):
    """Says everything that is wrong with the user parameters, for whoever wrote them into the pipeline."""


@dataclass(frozen=True)
class Job:
    """One call: `parameters` is the text that the pipeline holds, `token` what the call before it answered.

    The credentials of the event are left out, so that they reach no log. A rule that hands
    over its parameters and no job has an empty `id`: its answer is how the function ends, and there is no next call.
    """

    id: str
    parameters: str
    token: str


@dataclass(frozen=True)
class JobQuestion:
    """What is asked, and of which component; without a `digest` of whatever runs. Only a `push` needs no component."""

    component: str
    ask: str
    digest: str | None = None
    push: Push | None = None


class JobOutcome(StrEnum):
    """The ways in which a job ends; SAMPLING means that CodePipeline is to call again."""

    SUCCEEDED = "succeeded"
    SAMPLING = "sampling"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True)
class JobAnswer:
    """The answer to one call; `token` is handed to the next call of a job that goes on."""

    outcome: JobOutcome
    reason: str
    token: str = ""


def job_id(event: Mapping[str, Any]) -> str:
    """Return the id of the job; LookupError without one, because then nobody can be answered."""
    job = event[EVENT]
    id_ = job.get("id") if isinstance(job, Mapping) else None
    if isinstance(id_, str) and id_:
        return id_
    keys = ", ".join(sorted(job)) if isinstance(job, Mapping) else type(job).__name__
    raise LookupError(f"{EVENT} has no id, so nobody can be answered; it has: {keys or 'nothing'}")


def parse(event: Mapping[str, Any]) -> Job:
    """Read the call from the event of an action, or from the parameters that a rule hands over as the event."""
    if EVENT not in event:
        return Job("", json.dumps(dict(event)), "")
    data = event[EVENT].get("data") or {}
    configuration = (data.get("actionConfiguration") or {}).get("configuration") or {}
    return Job(job_id(event), configuration.get("UserParameters") or "", data.get("continuationToken") or "")


def question(parameters: str, *, components: Collection[str], asks: Collection[str]) -> JobQuestion:
    """Read the question from the user parameters, or raise UserParametersError; `asks` are those answered here."""
    given = _object(parameters)
    ask = given.get("ask")
    keys = _KEYS.get(str(ask), ("component", "ask", "digest"))
    problems = [
        *(f"{key}: is unknown, allowed are {', '.join(keys)}" for key in given if key not in keys),
        *(_choice("component", given.get("component"), components) if ask != _RECORD or "component" in given else ()),
        *_choice("ask", ask, asks),
        *(push_problems(given.get("push"), components) if ask == _RECORD else _digest(given.get("digest"))),
    ]
    if problems:
        raise UserParametersError(f"UserParameters: {'; '.join(problems)}")
    pushed = parse_push(given["push"]) if ask == _RECORD else None
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
    problem = "is missing" if value is None else f"{value!r} is none that is answered here"
    return [f"{key}: {problem}, allowed are {', '.join(sorted(allowed))}"]


def _digest(value: object) -> list[str]:
    if value is None:
        return []
    problem = digest_problem(value) if isinstance(value, str) else f"{value!r} is no text"
    return [f"digest: {problem}"] if problem else []

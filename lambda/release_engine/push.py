"""A push that went through the pipeline: what lead times from a commit to production are read from."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from release_engine.model import digest_problem

_KEYS = ("execution", "commit", "digests", "environments")
# https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html
_EXECUTION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True)
class Push:
    """`digests` by component; `environments` in the order in which they were reached."""

    execution: str
    commit: str
    digests: Mapping[str, str]
    environments: tuple[str, ...]


def problems(given: object, components: Collection[str]) -> list[str]:
    """Everything that is wrong with it, by key; none when `parse` takes it."""
    if not isinstance(given, Mapping):
        return [f"push: {'is missing' if given is None else f'{given!r} is no object'}, allowed are {', '.join(_KEYS)}"]
    return [
        *(f"push.{key}: is unknown, allowed are {', '.join(_KEYS)}" for key in given if key not in _KEYS),
        *_text("execution", given.get("execution"), _EXECUTION, "the id of a pipeline's execution"),
        *_text("commit", given.get("commit"), _COMMIT, "a commit: 40 hexadecimal digits"),
        *_digests(given.get("digests"), components),
        *_environments(given.get("environments")),
    ]


def parse(given: Mapping[str, Any]) -> Push:
    """Of what has no problems."""
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
        f"push.environments: {one!r} is not the name of an environment"
        for one in value
        if not isinstance(one, str) or not _ENVIRONMENT.fullmatch(one)
    )

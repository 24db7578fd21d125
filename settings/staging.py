"""Checks what the files of two environments say of each other, where one pipeline releases to both."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from settings.environment import Environment
from settings.wording import Problem

Tables = Mapping[str, Mapping[str, Any]]
_KEY = "pipeline.staging"


class Owner(NamedTuple):
    """An environment whose pipeline, or other `runner`, releases to another one.

    The account is None where its file names none, and it is then the same as the other's.
    """

    environment: str
    account: str | None
    runner: object = "codepipeline"


class Place(NamedTuple):
    """The region and the account of an environment; the account is None where it is the caller's."""

    region: str
    account: str | None


def owners(environment: str, tables: Tables) -> list[Owner]:
    """List the environments that name this one as their staging."""
    return [
        Owner(name, table.get("account"), table["pipeline"].get("runner", "codepipeline"))
        for name, table in tables.items()
        if name != environment and _staging(table) == environment
    ]


def staging_problems(file: str, environment: str, values: Environment, tables: Tables) -> Iterator[Problem]:
    """Check that the staging environment exists, that no other pipeline releases to it, and that it has no staging."""
    staging, claims = values.pipeline.staging, [owner.environment for owner in owners(environment, tables)]
    if len(claims) > 1:
        what = f"the pipelines of {' and '.join(claims)} name this environment as their staging: allowed is one"
        yield Problem(file, "pipeline", None, what)
    if staging is None:
        return
    if staging == environment:
        yield Problem(file, _KEY, staging, "is this environment itself: leave it out to release to this one alone")
    elif staging not in tables:
        allowed = ", ".join(name for name in tables if name != environment) or "none"
        yield Problem(file, _KEY, staging, f"there is no such environment; allowed are {allowed}")
    else:
        yield from _circumstances(file, environment, staging, tables)


def pair_problems(file: str, staging: str, own: Place, other: Place) -> Iterator[Problem]:
    """Check that both environments are in one region, and that both files name their accounts or neither does.

    A pipeline's actions could cross regions, but each region needs a bucket, and an image is pushed to both
    environments at once. An account that one file names alone could be the same, or another.
    https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-create-cross-region.html
    """
    if own.region != other.region:
        what = f"is in {other.region}, this environment in {own.region}: one pipeline releases within one region"
        yield Problem(file, _KEY, staging, what)
    if (own.account is None) != (other.account is None):
        what = "only one of the two files names its account: allowed are both, or neither where it is the same"
        yield Problem(file, _KEY, staging, what)


def _circumstances(file: str, environment: str, staging: str, tables: Tables) -> Iterator[Problem]:
    if (further := _staging(tables[staging])) is not None:
        what = f"has a staging of its own, {further}: a pipeline releases to two environments"
        yield Problem(file, _KEY, staging, what)
    for other in owners(environment, tables):
        what = f"{other.environment} names this environment as its staging: a pipeline releases to two environments"
        yield Problem(file, _KEY, staging, what)
    for other in owners(staging, tables):
        if other.environment != environment:
            what = f"is the staging of {other.environment} already: each environment has one pipeline"
            yield Problem(file, _KEY, staging, what)


def _staging(table: Mapping[str, Any]) -> object:
    """Return the staging that a file names; the file may not be whole, which its own check reports."""
    pipeline = table.get("pipeline")
    return pipeline.get("staging") if isinstance(pipeline, dict) else None

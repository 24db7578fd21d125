"""Tells who calls a function of the release, so that it can choose the entry point of this caller.

One Lambda function may serve several callers, since each has a role, a log group and network interfaces of its own. No
caller can be made to name itself in one common field: the shape of an event is AWS's. So callers are told apart here,
once, and a function lists whom it serves (docs/decisions/0014-entry-points-by-caller.md).
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from release_engine.pipeline_job import EVENT


class Caller(StrEnum):
    """The callers of the functions, as messages name them."""

    ECS = "a lifecycle hook of ECS"
    PIPELINE = "CodePipeline"
    MACHINE = "the release machine"


class UnknownCallerError(ValueError):
    """Says that the event comes from nobody whom the function serves."""


def caller_of(event: Mapping[str, Any], served: Collection[Caller]) -> Caller:
    """Return who has sent this event; UnknownCallerError unless it is one of `served`.

    - CodePipeline sends a job, or a rule's parameters as the function's very input, in which `ask` is the question:
      https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html and
      https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
    - ECS names the stage of the deployment's lifecycle:
      https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html
    - The release machine hands over its state (`exchange_constructs.release.release_states.call`).
    """
    caller = _sender(event)
    if caller is None or caller not in served:
        keys = ", ".join(sorted(map(str, event))) or "nothing"
        sender = f"this event is of {caller}" if caller else f"this event is of nobody who is known, it has: {keys}"
        raise UnknownCallerError(f"{sender}; the function serves {' and '.join(served)}")
    return caller


def _sender(event: Mapping[str, Any]) -> Caller | None:
    if EVENT in event or "ask" in event:
        return Caller.PIPELINE
    if "lifecycleStage" in event:
        return Caller.ECS
    return Caller.MACHINE if "state" in event else None

"""Serves as the health gate: one function with an entry point for each of its callers.

ECS calls before traffic moves (`before_traffic`), the release machine while a version bakes (`bake`), and CodePipeline
in an action or a stage's condition (`pipeline_gate`).
"""

from collections.abc import Mapping
from typing import Any, Protocol

from release_engine.callers import Caller, caller_of
from release_handlers import bake, before_traffic, pipeline_gate
from release_handlers.function_context import read_context

SERVED = (Caller.ECS, Caller.MACHINE, Caller.PIPELINE)
RESERVE_SECONDS = 10.0  # kept back, so that a verdict is returned rather than the function killed


class LambdaContext(Protocol):
    """The part of Lambda's own context object that counts here."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function is killed."""


def handler(event: Mapping[str, Any], lambda_context: LambdaContext) -> dict[str, Any]:
    """Hand the event to the entry point of whoever has sent it."""

    def seconds_left() -> float:
        return lambda_context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    caller = caller_of(event, SERVED)
    if caller is Caller.PIPELINE:
        return pipeline_gate.answer(event, read_context, seconds_left)
    if caller is Caller.ECS:
        return before_traffic.answer(event, read_context, seconds_left)
    return bake.take_round(event["state"], read_context(), seconds_left())

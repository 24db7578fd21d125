"""The health gate: one function, asked by ECS before traffic moves, by the release machine while it bakes, and by
CodePipeline, in an action or a stage's condition.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from release_engine.pipeline_job import Answer, Job, Question, asked_in
from release_handlers import bake, before_traffic, pipeline_gate, pipeline_job
from release_handlers.world import World, world

RESERVE_SECONDS = 10.0  # kept back, so that a verdict is returned rather than the function killed


class Context(Protocol):
    """The part of Lambda's context object that counts here."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is killed."""


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """An event of ECS names its lifecycle stage, one of CodePipeline asks; the machine hands over its state."""

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    def for_pipeline(job: Job, asked: Question, world: World) -> Answer:
        return pipeline_gate.ask(job, asked, world, seconds_left)

    if asked_in(event):
        return pipeline_job.answer(event, world, {"gate": for_pipeline})
    if "lifecycleStage" in event:
        return before_traffic.answer(event, world, seconds_left)
    return bake.take_round(event["state"], world(), seconds_left())

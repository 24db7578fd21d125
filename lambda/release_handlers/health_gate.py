"""The health gate: one function, asked by ECS before traffic moves and by the release machine while it bakes."""

from collections.abc import Mapping
from typing import Any, Protocol

from release_handlers import bake, before_traffic
from release_handlers.world import world

RESERVE_SECONDS = 10.0  # kept back, so that a verdict is returned rather than the function killed


class Context(Protocol):
    """The part of Lambda's context object that counts here."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is killed."""


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """An event of ECS names its lifecycle stage; the machine hands over its state."""

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    if "lifecycleStage" in event:
        return before_traffic.answer(event, world, seconds_left)
    return bake.take_round(event["state"], world(), seconds_left())

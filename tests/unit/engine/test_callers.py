"""Who calls a function, and who may."""

from collections.abc import Mapping
from typing import Any

import pytest

from release_engine.callers import Caller, UnknownCallerError, caller_of


@pytest.mark.parametrize(
    ("event", "caller"),
    [
        ({"lifecycleStage": "POST_TEST_TRAFFIC_SHIFT", "resourceArn": "arn"}, Caller.ECS),
        ({"CodePipeline.job": {"id": "1"}}, Caller.PIPELINE),
        ({"component": "client", "ask": "gate"}, Caller.PIPELINE),
        ({"state": {"component": "client"}, "execution": "arn"}, Caller.MACHINE),
    ],
)
def test_each_caller_is_known_by_its_event(event: Mapping[str, Any], caller: Caller) -> None:
    assert caller_of(event, tuple(Caller)) is caller


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"lifecycleStage": "X"}, "this event is of a lifecycle hook of ECS; the function serves the release machine"),
        ({"detail": {}, "source": "aws.ecs"}, "this event is of nobody who is known, it has: detail, source; the "),
        ({}, "it has: nothing; the function serves the release machine and CodePipeline"),
    ],
)
def test_an_event_of_anybody_else_is_refused_with_who_may_call(event: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(UnknownCallerError, match=reason):
        caller_of(event, (Caller.MACHINE, Caller.PIPELINE))

"""What ECS has against what the gate and the release machine allow."""

from dataclasses import replace

import pytest

from release_engine.service_setup import Replacement, problems
from release_engine.times import PATIENCE_MINUTES

INTERVAL = 30  # seconds, so the gate asks for 5 minutes at most
BLUE_GREEN = Replacement("BLUE_GREEN", bake=3, hooks=(30,))


@pytest.mark.parametrize(
    "found",
    [
        BLUE_GREEN,
        replace(BLUE_GREEN, strategy="CANARY", steps=10),
        replace(BLUE_GREEN, bake=PATIENCE_MINUTES - 10 - 5),
        replace(BLUE_GREEN, hooks=(5,)),
        replace(BLUE_GREEN, bake=PATIENCE_MINUTES - 10, hooks=()),
        Replacement(),
        Replacement(breaker=True),
    ],
)
def test_times_that_go_together_are_no_problem(found: Replacement) -> None:
    assert problems("web", found, INTERVAL) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (
            replace(BLUE_GREEN, breaker=True),
            "a circuit breaker is for ROLLING deployments only, this one is BLUE_GREEN",
        ),
        (replace(BLUE_GREEN, bake=None), "a BLUE_GREEN deployment without a bake time may bake for 36 hours"),
        (replace(BLUE_GREEN, hooks=(4,)), "the hook times out after 4 minutes, the gate needs up to 5 for its samples"),
        (replace(BLUE_GREEN, bake=46), "start 10, gate 5, pauses 0, shift 0 and bake 46 come to 61 minutes"),
        (replace(BLUE_GREEN, steps=43), "shift 43 and bake 3 come to 61 minutes, the release machine waits 60"),
        (replace(BLUE_GREEN, pauses=(1440,)), "pauses 1440, shift 0 and bake 3 come to 1458 minutes"),
        (Replacement(hooks=(30,)), "a lifecycle hook is never asked in a ROLLING deployment"),
        (Replacement(pauses=(30,)), "a lifecycle hook is never asked in a ROLLING deployment"),
    ],
)
def test_times_that_contradict_each_other_are_named(found: Replacement, problem: str) -> None:
    listed = problems("web", found, INTERVAL)
    assert len(listed) == 1
    assert listed[0].startswith("web: ")
    assert problem in listed[0]


def test_a_gate_that_asks_slowly_needs_a_longer_hook() -> None:
    assert problems("web", BLUE_GREEN, 200) == [
        "web: the hook times out after 30 minutes, the gate needs up to 34 for its samples"
    ]

"""The same states serve to release a digest and to put the former one back; this says which keys they use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """`deploy` and `verified` name the parts of the machine's state that hold the results.

    `bakes`: the gate is to be asked as soon as ECS keeps the former tasks for a way back, and has not decided yet.
    """

    digest: str
    change_set: str
    deploy: str
    verified: str
    bakes: bool = False


def step_of(purpose: str, state: Mapping[str, Any]) -> Step:
    """`purpose` is release or rollback. A change set is named by its release: asked for twice, it is made once."""
    name = f"{purpose}-{state['release_id']}"
    if purpose == "release":
        judged = (state.get("bake") or {}).get("status") == "judged"
        return Step(state["digest"], name, "deploy", "verified", bakes=not judged)
    return Step(state["plan"]["digest"], name, "rollback", "verified_rollback")

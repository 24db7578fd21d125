"""Defines a release machine's input, and the keys under which its functions hand on their answers.

The states of `exchange_constructs.release` write these keys, and the functions of `release_handlers` read them;
docs/contracts.md explains the fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from release_engine.ledger import Kind

Purpose = Literal["release", "rollback"]
# The keys under which the answers of the functions are kept.
ResultKey = Literal[
    "lock",
    "preflight",
    "baseline",
    "deploy",
    "verified",
    "bake",
    "plan",
    "rollback",
    "verified_rollback",
    "recorded",
    "baseline_stopped",
    "unlocked",
]
# The keys under which a state's Catch keeps what went wrong.
FailureKey = Literal[
    "failure",
    "rollback_failure",
    "record_failure",
    "baseline_failure",
    "unlock_failure",
    "notify_failure",
    "look_failure",
]
Result = Mapping[str, Any]


@dataclass(frozen=True)
class MachineInput:
    """The input of a release machine: one component, one digest, and who asks.

    `manifest` is the build's `release.json`, or an expression by which another machine finds it. `undoes` is the
    release whose failure this rollback is the answer to.
    """

    release_id: str
    component: str
    digest: str
    kind: Kind
    requested_by: str
    manifest: Mapping[str, Any] | str | None = None
    undoes: str | None = None

    def as_input(self) -> dict[str, Any]:
        """Return the input as Step Functions takes it; `undoes` is left out where nothing is undone."""
        values = {**self.__dict__, "kind": self.kind.value}
        return {key: value for key, value in values.items() if key != "undoes" or value is not None}


class MachineState(TypedDict, total=False):
    """The state that the machine hands to each function: its input, and the answers of the functions before.

    `gate` is no answer: RecordSuccess and its like add what the ledger holds of ECS's hook.
    """

    release_id: str
    component: str
    digest: str
    kind: str
    requested_by: str
    manifest: Mapping[str, Any] | None
    undoes: str | None
    lock: Result
    preflight: Result
    baseline: Result
    deploy: Result
    verified: Result
    bake: Result | None
    plan: Result
    rollback: Result
    verified_rollback: Result
    recorded: Result
    baseline_stopped: Result
    unlocked: Result
    failure: Result
    rollback_failure: Result
    record_failure: Result
    baseline_failure: Result
    unlock_failure: Result
    notify_failure: Result
    look_failure: Result
    gate: Result


State = MachineState | Mapping[str, Any]  # types find a key that does not exist; JSON is taken as it comes


@dataclass(frozen=True)
class PhaseKeys:
    """The keys of the answers in one phase: the same states release a digest and put the former one back."""

    deploy: Literal["deploy", "rollback"]
    verified: Literal["verified", "verified_rollback"]


PHASE_KEYS: Mapping[Purpose, PhaseKeys] = {
    "release": PhaseKeys("deploy", "verified"),
    "rollback": PhaseKeys("rollback", "verified_rollback"),
}


@dataclass(frozen=True)
class Phase:
    """The digest that one phase puts on the stack, by which change set, and the keys of its answers in the state.

    `bakes` says that the gate has not decided yet, and is asked as soon as ECS keeps the former tasks for a way back.
    """

    digest: str
    change_set: str
    keys: PhaseKeys
    bakes: bool = False


def phase_of(purpose: Purpose, state: State) -> Phase:
    """Return the phase; its change set is named by its release, so that it is made once although asked for twice."""
    name, keys = f"{purpose}-{state['release_id']}", PHASE_KEYS[purpose]
    if purpose == "rollback":
        return Phase(state["plan"]["digest"], name, keys)
    judged = (state.get("bake") or {}).get("status") == "judged"
    return Phase(state["digest"], name, keys, bakes=not judged)

"""How an ECS service is set up, and whether the times that ECS, the gate and the machine allow each other go together.

What the settings can contradict is refused at synth, by settings/consistency.py; here it is
what ECS really has, so that a change made by hand is noticed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from release_engine.times import PATIENCE_MINUTES, START_MINUTES, asking_minutes, gate_minutes

ROLLING = "ROLLING"


@dataclass(frozen=True)
class Replacement:
    """How ECS replaces the tasks of a service. Times are in minutes; `steps` is what passes until all users follow.

    `hooks` are the timeouts of hooks that ask a function, `pauses` of those that wait for a person.
    """

    strategy: str = ROLLING
    bake: int | None = None
    steps: int = 0
    hooks: tuple[int, ...] = ()
    pauses: tuple[int, ...] = ()
    breaker: bool = False


@dataclass(frozen=True)
class ServiceSetup:
    """`under_way` is the status of a service deployment that is not over; `rule` sends users to the service.

    `serving` is the target group of the revision that runs, None while ECS does not name exactly one.
    """

    service: str
    definition: str
    replacement: Replacement
    under_way: str | None = None
    rule: str | None = None
    serving: str | None = None

    def problems(self, interval_seconds: int) -> list[str]:
        """Return everything in which its times contradict each other, or the gate's interval."""
        return problems(self.service, self.replacement, interval_seconds)


def problems(service: str, found: Replacement, interval_seconds: int) -> list[str]:
    """Everything that contradicts itself or the gate's interval; empty when all can come to its end in time."""
    kind = _of_rolling(found) if found.strategy == ROLLING else _of_two_fleets(found, interval_seconds)
    return [f"{service}: {problem}" for problem in kind]


def _of_rolling(found: Replacement) -> Iterator[str]:
    if found.hooks or found.pauses:
        yield "a lifecycle hook is never asked in a ROLLING deployment, so no gate would judge"


def _of_two_fleets(found: Replacement, interval_seconds: int) -> Iterator[str]:
    if found.breaker:
        yield f"a circuit breaker is for ROLLING deployments only, this one is {found.strategy}"
    if found.bake is None:
        yield f"a {found.strategy} deployment without a bake time may bake for 36 hours"
    needed = gate_minutes(interval_seconds)
    for limit in found.hooks:
        if limit < needed:
            yield f"the hook times out after {limit} minutes, the gate needs up to {needed} for its samples"
    asking = asking_minutes(found.strategy, interval_seconds) if found.hooks else 0
    parts = START_MINUTES, asking, sum(found.pauses), found.steps, found.bake or 0
    if sum(parts) > PATIENCE_MINUTES:
        yield (
            "start {}, gate {}, pauses {}, shift {} and bake {} come to {} minutes, the release machine "
            "waits {} for the stack"
        ).format(*parts, sum(parts), PATIENCE_MINUTES)


def deployments_under_way(setups: Iterable[ServiceSetup]) -> list[str]:
    """Two deployments of one service at once end in neither; somebody may have started one by hand."""
    return [f"{one.service}: an ECS deployment is {one.under_way}" for one in setups if one.under_way]

"""ROLLING: tasks are replaced within minimumHealthyPercent and maximumPercent.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html. A task counts against the
maximum until its processes have ended: 0/100 never lets two of them run.

Bake time: deployment-alarm-failure.html. It starts when the former tasks are gone, so going back means starting them.
"""

import math
from collections.abc import Iterator, Sequence

from local_aws.ecs.services.lifecycle_hooks import run_hooks
from local_aws.ecs.services.rollouts import Rollout
from local_aws.ecs.services.service_state import ServiceState


def deploy(service: ServiceState, rollout: Rollout) -> Iterator[None]:
    """Replace tasks until only the new revision's are left, all of them are healthy, and the bake is over."""
    yield from _hooks(service, rollout, "PRE_SCALE_UP")
    rollout.stage = "SCALE_UP"
    yield from _replace(service, rollout, [other for other in service.rollouts if other is not rollout])
    service.kept = [rollout]
    yield from _hooks(service, rollout, "POST_SCALE_UP")
    rollout.stage = "BAKE_TIME"
    yield from service.clock.ticks(60 * _bake_minutes(rollout))
    rollout.stage = ""


def roll_back(service: ServiceState, failed: Rollout, former: Rollout | None) -> Iterator[None]:
    """Replace tasks in the same way, by those of the last completed deployment."""
    if former is None:
        yield from failed.end("Deployment failed")
    else:
        yield from _replace(service, former, [failed])


def _hooks(service: ServiceState, rollout: Rollout, stage: str) -> Iterator[None]:
    rollout.stage = stage
    yield from run_hooks(service.clock, rollout, stage)


def _bake_minutes(rollout: Rollout) -> float:
    """Return the configured bake, else what the alarms need; a first deployment has nothing to go back to."""
    if rollout.source is None:
        return 0.0
    configured = rollout.configuration.get("bakeTimeInMinutes")
    return rollout.alarms.default_bake() if configured is None else float(configured)


def _replace(service: ServiceState, new: Rollout, old: Sequence[Rollout]) -> Iterator[None]:
    service.kept = []
    while not _step(service, new, old):
        yield


def _step(service: ServiceState, new: Rollout, old: Sequence[Rollout]) -> bool:
    desired = service.desired
    least, most = _limits(new, desired)
    new.desired = desired
    alive = sum(len(rollout.tasks) for rollout in [new, *old])
    missing = desired - len(new.wanted)
    new.start(min(missing, most - alive), service.launch)
    new.stop(-missing, "Service scaling down")
    spare = len(new.healthy) + sum(len(rollout.healthy) for rollout in old) - least
    for rollout in old:
        rollout.desired = 0
        idle = len(rollout.wanted) - len(rollout.healthy)
        ending = min(len(rollout.wanted), max(spare, 0) + idle)
        rollout.stop(ending, f"Task replaced by deployment {new.id}")
        spare -= ending - min(idle, ending)
    return len(new.healthy) == len(new.tasks) == desired and not any(rollout.tasks for rollout in old)


def _limits(rollout: Rollout, desired: int) -> tuple[int, int]:
    least = rollout.configuration.get("minimumHealthyPercent")
    most = rollout.configuration.get("maximumPercent")
    return (
        math.ceil(desired * (100 if least is None else int(least)) / 100),
        max(1, desired * (200 if most is None else int(most)) // 100),
    )

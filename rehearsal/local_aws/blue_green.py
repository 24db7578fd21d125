"""BLUE_GREEN and CANARY: a whole second fleet, proved on the test listener before users see it.

Stages: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html. Not
imitated yet: PAUSE hooks, LINEAR steps, deployment alarms.
"""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

from rehearsal.local_aws.lifecycle_hooks import run_hooks
from rehearsal.local_aws.rollouts import Rollout, RolloutError
from rehearsal.local_aws.traffic import shift_production, shift_test

if TYPE_CHECKING:
    from rehearsal.local_aws.service_controller import ServiceController

Work = Callable[["ServiceController", Rollout], Iterator[None]]


def deploy(service: "ServiceController", rollout: Rollout) -> Iterator[None]:
    """Goes through the stages; a hook of a stage runs when the stage's own work is done."""
    for stage, work in STAGES:
        rollout.stage = stage
        yield from work(service, rollout)
        if work is not _production:
            yield from run_hooks(service, rollout, stage)
    rollout.stage = ""


def roll_back(service: "ServiceController", failed: Rollout, former: Rollout | None) -> Iterator[None]:
    """All traffic back to blue first, then the green tasks end."""
    if former is not None:
        service.kept = [former]
        shift_production(former, failed, 100)
        shift_test(former, failed)
        for stage in ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"):
            yield from _told(service, failed, stage)
    else:
        service.kept = []
    yield from _stopped(failed, "Deployment rolled back")


def _nothing(_service: "ServiceController", _rollout: Rollout) -> Iterator[None]:
    yield from ()


def _scale_up(service: "ServiceController", green: Rollout) -> Iterator[None]:
    service.kept = [rollout for rollout in (green.source, green) if rollout is not None]
    while len(green.healthy) < service.desired or len(green.tasks) > service.desired:
        yield


def _test_traffic(_service: "ServiceController", green: Rollout) -> Iterator[None]:
    shift_test(green, green.source)
    yield


def _production(service: "ServiceController", green: Rollout) -> Iterator[None]:
    for percent, bake_minutes in _steps(green):
        yield from run_hooks(service, green, "PRE_PRODUCTION_TRAFFIC_SHIFT")
        shift_production(green, green.source, percent)
        yield from run_hooks(service, green, "PRODUCTION_TRAFFIC_SHIFT")
        yield from _wait(service, bake_minutes)


def _steps(green: Rollout) -> list[tuple[float, float]]:
    """(percent of production traffic, minutes to stay there): one step to 100 unless it is a canary."""
    canary = green.configuration.get("canaryConfiguration") or {}
    if green.configuration.get("strategy") != "CANARY" or green.source is None:
        return [(100.0, 0.0)]
    return [
        (float(canary.get("canaryPercent", 5)), float(canary.get("canaryBakeTimeInMinutes", 10))),
        (100.0, 0.0),
    ]


def _bake(service: "ServiceController", green: Rollout) -> Iterator[None]:
    if green.source is not None:
        yield from _wait(service, float(green.configuration.get("bakeTimeInMinutes") or 0))


def _clean_up(service: "ServiceController", green: Rollout) -> Iterator[None]:
    service.kept = [green]
    if green.source is not None:
        yield from _stopped(green.source, f"Task replaced by deployment {green.id}")


def _stopped(rollout: Rollout, reason: str) -> Iterator[None]:
    rollout.desired = 0
    while rollout.tasks:
        rollout.stop(len(rollout.wanted), reason)
        yield


def _told(service: "ServiceController", failed: Rollout, stage: str) -> Iterator[None]:
    """During a rollback the traffic hooks run again, with the target at 0; what they answer changes nothing."""
    try:
        yield from run_hooks(service, failed, stage)
    except RolloutError as refusal:
        service.say(f"a hook of {stage} failed during the rollback: {refusal}")


def _wait(service: "ServiceController", minutes: float) -> Iterator[None]:
    until = monotonic() + service.clock.real(minutes * 60)
    while monotonic() < until:
        yield


STAGES: tuple[tuple[str, Work], ...] = (
    ("RECONCILE_SERVICE", _nothing),
    ("PRE_SCALE_UP", _nothing),
    ("SCALE_UP", _scale_up),
    ("POST_SCALE_UP", _nothing),
    ("TEST_TRAFFIC_SHIFT", _test_traffic),
    ("POST_TEST_TRAFFIC_SHIFT", _nothing),
    ("PRODUCTION_TRAFFIC_SHIFT", _production),
    ("POST_PRODUCTION_TRAFFIC_SHIFT", _nothing),
    ("BAKE_TIME", _bake),
    ("CLEAN_UP", _clean_up),
)

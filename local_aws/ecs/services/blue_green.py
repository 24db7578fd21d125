"""BLUE_GREEN, CANARY and LINEAR: a whole second fleet, proved on the test listener before users see it.

Stages: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""

from collections.abc import Callable, Iterator

from local_aws.ecs.services.lifecycle_hooks import run_hooks
from local_aws.ecs.services.rollouts import Rollout, RolloutError
from local_aws.ecs.services.service_state import ServiceState
from local_aws.ecs.services.traffic import shift_production, shift_test, steps

Work = Callable[[ServiceState, Rollout], Iterator[None]]


def deploy(service: ServiceState, rollout: Rollout) -> Iterator[None]:
    """Go through the stages; a hook of a stage runs when the stage's own work is done."""
    for stage, work in STAGES:
        if work is _reconcile and not _others(service, rollout):
            continue
        rollout.stage = stage
        yield from work(service, rollout)
        if work is not _production:
            yield from run_hooks(service.clock, rollout, stage)
    rollout.stage = ""


def roll_back(service: ServiceState, failed: Rollout, former: Rollout | None) -> Iterator[None]:
    """Send all traffic back to blue, which is still there, and then end the green tasks."""
    service.kept = [former] if former is not None else []
    if former is not None:
        while failed.stage == "CLEAN_UP" and not former.healthy:  # blue had begun to end: it is back before its traffic
            yield
        shift_production(former, failed, 100)
        shift_test(former, failed)
        for stage in ("PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"):
            failed.stage = stage
            yield from _run_again(service, failed, stage)
    yield from failed.end("Deployment rolled back")


def _others(service: ServiceState, green: Rollout) -> list[Rollout]:
    """Return what an overtaken deployment, or one that failed without a rollback, has left running."""
    return [other for other in service.rollouts if other not in green.sides and other.tasks]


def _reconcile(service: ServiceState, green: Rollout) -> Iterator[None]:
    """Give all traffic to the revision that completed last, and end the others, when more than one lives."""
    service.kept = [green.source] if green.source is not None else []
    for other in _others(service, green):
        if green.source is not None:
            shift_production(green.source, other, 100)
            shift_test(green.source, other)
        yield from other.end(f"Task replaced by deployment {green.id}")


def _nothing(_service: ServiceState, _rollout: Rollout) -> Iterator[None]:
    yield from ()


def _scale_up(service: ServiceState, green: Rollout) -> Iterator[None]:
    service.kept = [rollout for rollout in (green.source, green) if rollout is not None]
    while len(green.healthy) < service.desired or len(green.tasks) > service.desired:
        yield


def _test_traffic(_service: ServiceState, green: Rollout) -> Iterator[None]:
    shift_test(green, green.source)
    yield


def _production(service: ServiceState, green: Rollout) -> Iterator[None]:
    """Shift production traffic step by step, and ask the hooks of both stages at every step."""
    for step in steps(green.configuration, first=green.source is None):
        yield from run_hooks(service.clock, green, "PRE_PRODUCTION_TRAFFIC_SHIFT")
        shift_production(green, green.source, step.percent)
        yield from run_hooks(service.clock, green, "PRODUCTION_TRAFFIC_SHIFT")
        yield from service.clock.ticks(step.minutes * 60)


def _bake(service: ServiceState, green: Rollout) -> Iterator[None]:
    if green.source is not None:
        yield from service.clock.ticks(60 * float(green.configuration.get("bakeTimeInMinutes") or 0))


def _clean_up(service: ServiceState, green: Rollout) -> Iterator[None]:
    service.kept = [green]
    if green.source is not None:
        yield from green.source.end(f"Task replaced by deployment {green.id}")


def _run_again(service: ServiceState, failed: Rollout, stage: str) -> Iterator[None]:
    """Run the traffic hooks again during a rollback, with the target at 0; what they answer changes nothing."""
    try:
        yield from run_hooks(service.clock, failed, stage)
    except RolloutError as refusal:
        service.say(f"a hook of {stage} failed during the rollback: {refusal}")


STAGES: tuple[tuple[str, Work], ...] = (
    ("RECONCILE_SERVICE", _reconcile),
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

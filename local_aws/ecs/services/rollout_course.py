"""The course of one rollout: carried out by its strategy, completed, or given up with or without a way back.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html; each turn is told by an
`ECS Deployment State Change` event
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html).
"""

from collections.abc import Callable, Iterator
from time import time

from local_aws.ecs.services import blue_green, rolling, service_views
from local_aws.ecs.services.rollouts import AlarmError, BreakerError, Rollout, RolloutError, SupersededError
from local_aws.ecs.services.service_state import ServiceState
from local_aws.eventbridge import events
from local_aws.ministack_parts.answers import now_iso


def announce(what: str, rollout: Rollout, reason: str) -> None:
    """Emit the event of a turn: IN_PROGRESS (also of the deployment that comes back), COMPLETED or FAILED."""
    detail = {
        "eventType": "ERROR" if what == "FAILED" else "INFO",
        "eventName": f"SERVICE_DEPLOYMENT_{what}",
        "deploymentId": rollout.id,
        "updatedAt": now_iso(),
        "reason": reason,
    }
    resources = [rollout.revision.settings["serviceArn"]]
    events.emit_later("aws.ecs", "ECS Deployment State Change", detail, resources)


def tells_failures(rollout: Rollout) -> bool:
    """Say whether a failure is an event: only with circuit breaker or alarms (deployment-alarm-failure.html)."""
    alarms = rollout.configuration.get("alarms") or {}
    return bool(rollout.breaker.get("enable") or alarms.get("enable"))


STRATEGIES = {"ROLLING": rolling, "BLUE_GREEN": blue_green, "CANARY": blue_green, "LINEAR": blue_green}
Interruption = Callable[[Rollout], RolloutError | None]


def carry_out(service: ServiceState, rollout: Rollout, interruption: Interruption) -> Iterator[None]:
    """Take the rollout to its end, one tick at a time; `interruption` says what was asked for from outside."""
    work = STRATEGIES[str(rollout.configuration["strategy"])].deploy(service, rollout)
    try:
        _check(service, rollout, interruption)
        while next(work, work) is not work:
            yield
            _check(service, rollout, interruption)
    except RolloutError as failure:
        work.close()
        yield from _give_up(service, rollout, failure)
        return
    _complete(service, rollout)


def _check(service: ServiceState, rollout: Rollout, interruption: Interruption) -> None:
    if (request := interruption(rollout)) is not None:
        raise request
    if too_many := _failures(service, rollout):
        rollout.broken = True
        raise BreakerError(too_many)
    if rollout.stage != "CLEAN_UP" and (firing := rollout.alarms.firing()):  # they are watched through the bake
        raise AlarmError(f"ECS deployment alarms: in ALARM during the deployment: {', '.join(firing)}.")


def _failures(service: ServiceState, rollout: Rollout) -> str:
    """Return what the circuit breaker says of the rollout; nothing while few tasks have failed."""
    threshold = service_views.breaker_threshold(rollout.configuration, service.desired)
    if rollout.failed_tasks < threshold:
        return ""
    return (
        f"ECS deployment circuit breaker: tasks failed to start ({rollout.failed_tasks} of {threshold} "
        f"failures; the last one: {rollout.last_failure})."
    )


def _complete(service: ServiceState, rollout: Rollout) -> None:
    service.completed = rollout
    service.kept = [rollout]
    rollout.finish("SUCCESSFUL", f"ECS deployment {rollout.id} completed.", state="COMPLETED")
    service.put_first(rollout)
    service.say("has reached a steady state.")
    announce("COMPLETED", rollout, rollout.reason)


def _give_up(service: ServiceState, rollout: Rollout, failure: RolloutError) -> Iterator[None]:
    """Go back to the last completed rollout, or stop this one as it stands: then it launches no task any more."""
    reason = str(failure)
    service.say(f"deployment failed: {reason}")
    if not isinstance(failure, SupersededError) and tells_failures(rollout):
        announce("FAILED", rollout, reason)
    if failure.rolls_back(rollout):
        rollout.move("ROLLBACK_IN_PROGRESS", reason, state="FAILED")
        yield from _undo(service, rollout, failure)
        return
    service.kept = [kept for kept in service.kept if kept is not rollout]
    rollout.finish("STOPPED", reason, state="FAILED")


def _undo(service: ServiceState, rollout: Rollout, failure: RolloutError) -> Iterator[None]:
    former = service.completed
    if former is not None:
        _return_to(service, former, rollout, failure)
    for _ in STRATEGIES[str(rollout.configuration["strategy"])].roll_back(service, rollout, former):
        yield
        if former is not None and (too_many := _failures(service, former)):
            _give_up_going_back(service, former, rollout, f"{failure} The rollback failed: {too_many}")
            return
    service.kept = [former] if former is not None else []
    if former is None:
        rollout.finish("ROLLBACK_FAILED", f"{failure} No rollback candidate was found.", state="FAILED")
        return
    former.show("COMPLETED", f"ECS deployment {former.id} completed.")
    rollout.finish("ROLLBACK_SUCCESSFUL", str(failure), state="FAILED")
    service.say("has reached a steady state.")
    announce("COMPLETED", former, former.state_reason)


def _give_up_going_back(service: ServiceState, former: Rollout, failed: Rollout, reason: str) -> None:
    """Launch no more tasks: behind a rollback that failed there is nothing to go back to.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
    """
    service.kept = []
    former.show("FAILED", reason)
    failed.finish("ROLLBACK_FAILED", reason, state="FAILED")
    service.say(f"rollback failed: {reason}")
    if tells_failures(failed):
        announce("FAILED", former, reason)


def _return_to(service: ServiceState, former: Rollout, failed: Rollout, failure: RolloutError) -> None:
    """Make the former rollout the primary one again, with the settings that it had."""
    failed.rollback = {"reason": str(failure), "startedAt": time(), "serviceRevisionArn": former.revision.arn}
    service.record.update({key: value for key, value in former.revision.settings.items() if not key.startswith("_")})
    service.record["taskDefinition"] = former.revision.definition["taskDefinitionArn"]
    former.failed_tasks = 0
    former.show("IN_PROGRESS", f"{failure.cause}: rolling back to deploymentId {former.id}.")
    service.rollouts = [former, *(other for other in service.rollouts if other is not former)]
    announce("IN_PROGRESS", former, former.state_reason)

"""The `ECS Deployment State Change` event.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
"""

from local_aws.ecs.services.rollouts import Rollout
from local_aws.eventbridge import events
from local_aws.ministack_parts.responses import now_iso


def announce(what: str, rollout: Rollout, reason: str) -> None:
    """Tell of IN_PROGRESS (of a rollback too, then of the deployment that comes back), COMPLETED or FAILED."""
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

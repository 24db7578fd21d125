"""One run of a lifecycle hook, as DescribeServiceDeployments and the `ECS Hook State Change` event show it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html and
ecs_hook_state_change_events.html. `expiresAt` is the moment at which this clock really ends the wait;
it moves on while the hook's function works.
"""

import secrets
from time import time
from typing import Any

from local_aws.clock import Clock
from local_aws.ecs.services.rollouts import HookError, Rollout
from local_aws.eventbridge import events
from local_aws.ministack_parts.responses import now_iso

Record = dict[str, Any]
LONGEST_MINUTES = 1440.0
KINDS = {"AWS_LAMBDA": "lambda", "PAUSE": "pause"}
OPEN = ("", "IN_PROGRESS", "AWAITING_ACTION")


class HookRun:
    """A hook of one stage (of one traffic step), from its start to what became of it."""

    def __init__(self, rollout: Rollout, stage: str, hook: Record, clock: Clock) -> None:
        limit = hook.get("timeoutConfiguration") or {}
        self.rollout, self.stage, self.hook, self.clock = rollout, stage, hook, clock
        self.kind = str(hook.get("targetType") or "AWS_LAMBDA")
        self.id = f"ecs-{KINDS[self.kind]}-{secrets.token_urlsafe(32)}"
        self.timeout_action = str(limit.get("action") or "ROLLBACK")
        self.expires_at = time() + clock.real(60 * float(limit.get("timeoutInMinutes") or LONGEST_MINUTES))
        self.status = ""

    @property
    def open(self) -> bool:
        """Say whether the run has not ended yet."""
        return self.status in OPEN

    @property
    def expired(self) -> bool:
        return time() >= self.expires_at

    def move(self, status: str) -> None:
        """Set the next status, and tell EventBridge of it."""
        self.status = status
        events.emit_later("aws.ecs", "ECS Hook State Change", self._detail(), [self.rollout.arn])

    def fail(self, reason: str) -> HookError:
        """Return the error that asks for the way back, in ECS's own words (troubleshooting-blue-green.html)."""
        self.move("FAILED")
        return HookError(f"Service deployment rolled back because {self.stage} lifecycle hook(s) failed. {reason}")

    def time_out(self) -> None:
        """End the run because nothing came in time: HookError unless the deployment is to go on then."""
        self.move("TIMED_OUT")
        if self.timeout_action == "CONTINUE":
            return
        what = "pause hook" if self.kind == "PAUSE" else f"lifecycle hook {self.hook['hookTargetArn']}"
        raise HookError(f"Service deployment rolled back because {self.stage} {what} timed out.")

    def view(self) -> Record:
        """Return the DeploymentLifecycleHookDetail of DescribeServiceDeployments.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html
        """
        target = {"targetArn": self.hook["hookTargetArn"]} if self.kind == "AWS_LAMBDA" else {}
        return target | {
            "hookId": self.id,
            "targetType": self.kind,
            "status": self.status,
            "expiresAt": self.expires_at,
            "timeoutAction": self.timeout_action,
        }

    def _detail(self) -> Record:
        settings = self.rollout.revision.settings
        return {
            "eventType": "ERROR" if self.status in ("FAILED", "TIMED_OUT") else "INFO",
            "eventName": f"HOOK_{self.status}",
            "hookId": self.id,
            "hookType": self.kind,
            "expiresAt": events.iso(self.expires_at),
            "lifecycleStage": self.stage,
            "clusterArn": settings["clusterArn"],
            "serviceArn": settings["serviceArn"],
            "serviceDeploymentArn": self.rollout.arn,
            "updatedAt": now_iso(),
        }

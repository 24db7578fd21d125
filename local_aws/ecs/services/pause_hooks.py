"""PAUSE hooks: a deployment waits until ContinueServiceDeployment says how it goes on, or its time is over.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html; the refusals are those of
troubleshooting-blue-green.html.
"""

import re
from collections.abc import Iterator

from local_aws.clock import Clock
from local_aws.ecs.services.hook_runs import HookRun
from local_aws.ecs.services.rollouts import HookError, Rollout
from local_aws.ministack_parts.answers import RefusedError

ID = re.compile(r"ecs-\w+-.+")


def wait(_clock: Clock, run: HookRun) -> Iterator[None]:
    """Ends when a person or a program has said CONTINUE."""
    run.move("AWAITING_ACTION")
    while run.open:
        if run.expired:
            run.time_out()
            return
        yield
    if run.status == "FAILED":
        raise HookError(f"Service deployment rolled back because {run.stage} pause hook was answered with ROLLBACK.")


def decide(rollout: Rollout, hook_id: str, action: str) -> None:
    """Carry out ContinueServiceDeployment; RefusedError when nothing waits under this id."""
    if rollout.settled.is_set():
        raise _refused("Continuing a service deployment is not allowed for service deployment in terminal states.")
    if not ID.fullmatch(hook_id):
        raise _refused("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}")
    waiting = {run.id: run for run in rollout.hooks if run.status == "AWAITING_ACTION"}
    if rollout.status != "IN_PROGRESS" or hook_id not in waiting:
        raise _refused(
            "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN"
        )
    waiting[hook_id].move("FAILED" if action == "ROLLBACK" else "SUCCEEDED")


def _refused(message: str) -> RefusedError:
    return RefusedError("InvalidParameterException", message)

"""Lifecycle hooks: the deployment goes on when every hook of its stage has let it.

Hooks of one stage run side by side, and one that asks for the way back decides, as
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html says of both kinds.
"""

from collections.abc import Callable, Iterator

from local_aws.clock import Clock
from local_aws.ecs.services import lambda_hooks, pause_hooks
from local_aws.ecs.services.hook_runs import HookRun
from local_aws.ecs.services.rollouts import Rollout

Work = Callable[[Clock, HookRun], Iterator[None]]
WORK: dict[str, Work] = {"AWS_LAMBDA": lambda_hooks.ask, "PAUSE": pause_hooks.wait}


def run_hooks(clock: Clock, rollout: Rollout, stage: str) -> Iterator[None]:
    """Runs the hooks of this stage; HookError as soon as one does not let the deployment go on."""
    runs = [
        HookRun(rollout, stage, hook, clock)
        for hook in rollout.configuration.get("lifecycleHooks") or []
        if stage in hook.get("lifecycleStages", [])
    ]
    rollout.hooks.extend(runs)
    works = [WORK[run.kind](clock, run) for run in runs]
    try:
        while works := [work for work in works if next(work, works) is not works]:
            yield
    finally:
        rollout.hooks = [run for run in rollout.hooks if not run.open]

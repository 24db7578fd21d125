"""Lifecycle hooks: the deployment goes on when every hook of its stage has let it.

Hooks of one stage run side by side, and one that asks for the way back decides, as
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html says of both kinds: Lambda hooks,
whose function is really invoked and its answer obeyed (lambda-lifecycle-hooks.html), and PAUSE hooks, which wait until
ContinueServiceDeployment says how it goes on. The refusals are those of troubleshooting-blue-green.html.

A run is shown by DescribeServiceDeployments and the `ECS Hook State Change` event (ecs_hook_state_change_events.html).
`expiresAt` is the moment at which this clock really ends the wait; it moves on while the hook's function works.
"""

import json
import re
import secrets
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, time
from uuid import uuid4

from local_aws import clients
from local_aws.clock import Clock
from local_aws.ecs.services.rollouts import HookError, Rollout
from local_aws.eventbridge import events
from local_aws.ministack_parts.answers import Record, RefusedError, now_iso

LONGEST_MINUTES = 1440.0
KINDS = {"AWS_LAMBDA": "lambda", "PAUSE": "pause"}
OPEN = ("", "IN_PROGRESS", "AWAITING_ACTION")


class HookRun:
    """One run of a hook, in one stage and at one traffic step, from its start to its end."""

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


DEFAULT_DELAY = 30.0
_PRODUCTION = ("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
_UNREACHABLE = "unreachable"
_invocations = ThreadPoolExecutor(max_workers=16, thread_name_prefix="lifecycle-hook")


def ask(clock: Clock, run: HookRun) -> Iterator[None]:
    """Invoke the function until it says SUCCEEDED; HookError when it says anything but that or IN_PROGRESS."""
    run.move("IN_PROGRESS")
    details, execution = _details(run), str(uuid4())
    while (answer := (yield from _answer(run, _event(run, execution, details)))) is not None:
        if answer.get("hookStatus") == "SUCCEEDED":
            run.move("SUCCEEDED")
            return
        if answer.get("hookStatus") != "IN_PROGRESS":
            raise run.fail(_reason(run, answer))
        details.update(answer.get("hookDetails") or {})
        yield from _delay(run, clock.real(float(answer.get("callBackDelay") or DEFAULT_DELAY)))
    run.time_out()


def _details(run: HookRun) -> Record:
    """Return the hook's details: as defined, and what the same hook has added earlier in this deployment."""
    kept = run.rollout.hook_details
    index = next(i for i, hook in enumerate(run.rollout.configuration["lifecycleHooks"]) if hook is run.hook)
    return kept.setdefault(index, dict(_parsed(run.hook.get("hookDetails"))))


def _reason(run: HookRun, answer: Record) -> str:
    target = run.hook["hookTargetArn"]
    if answer.get("hookStatus") == "FAILED":
        return f"Lifecycle hook target {target} returned FAILED status."
    if error := answer.get(_UNREACHABLE):
        return f"ECS was unable to invoke hook target {target} due to {error}"
    return f"ECS was unable to parse the response from {target} due to HookStatus must not be null"


def _answer(run: HookRun, event: Record) -> Generator[None, None, Record | None]:
    """Invoke the hook's function and wait without blocking; return None when the hook's time is over.

    The clock divides waiting, and a function at work does not wait: on a busy machine its work counts no more of the
    hook's minutes than it would on AWS.
    """
    if run.expired:
        return None
    call, began, expires_at = _invocations.submit(_invoke, run.hook["hookTargetArn"], event), time(), run.expires_at
    while not call.done():
        worked = time() - began
        run.expires_at = expires_at + worked - run.clock.real(worked)
        if run.expired:
            return None
        yield
    answer = call.result()
    return answer if isinstance(answer, dict) else {}


def _delay(run: HookRun, seconds: float) -> Iterator[None]:
    again = monotonic() + seconds
    while monotonic() < again and not run.expired:
        yield


def _invoke(function: str, event: Record) -> object:
    """Return the function's answer; what is not JSON, or an exception, is an answer without a hookStatus."""
    try:
        response = clients.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except clients.ERRORS as error:
        return {_UNREACHABLE: str(error)}
    payload = response["Payload"].read()
    return None if response.get("FunctionError") else json.loads(payload or b"null")


def _event(run: HookRun, execution: str, details: Record) -> Record:
    rollout = run.rollout
    test = {side.revision.arn: side.test_weight for side in rollout.sides}
    production = {side.revision.arn: side.production_weight for side in rollout.sides}
    event: Record = {
        "executionId": execution,
        "lifecycleStage": run.stage,
        "resourceArn": rollout.arn,
        "executionDetails": {
            "serviceArn": rollout.revision.settings["serviceArn"],
            "targetServiceRevisionArn": rollout.revision.arn,
            "testTrafficWeights": test if run.stage == "TEST_TRAFFIC_SHIFT" else {},
            "productionTrafficWeights": production if run.stage in _PRODUCTION else {},
        },
    }
    return event | ({"hookDetails": dict(details)} if details else {})


def _parsed(details: object) -> Record:
    parsed = json.loads(details) if isinstance(details, str) and details else details
    return parsed if isinstance(parsed, dict) else {}


ID = re.compile(r"ecs-\w+-.+")


def wait(_clock: Clock, run: HookRun) -> Iterator[None]:
    """Wait until a person or a program answers the pause; HookError when the answer is ROLLBACK."""
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


Work = Callable[[Clock, HookRun], Iterator[None]]
WORK: dict[str, Work] = {"AWS_LAMBDA": ask, "PAUSE": wait}


def run_hooks(clock: Clock, rollout: Rollout, stage: str) -> Iterator[None]:
    """Run the hooks of this stage; HookError as soon as one does not let the deployment go on."""
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

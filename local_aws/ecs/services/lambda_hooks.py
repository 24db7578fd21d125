"""Lambda hooks: the function is really invoked, and its answer obeyed.

Payload, answer and what a rollback sends: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
"""

import json
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, time
from typing import Any
from uuid import uuid4

from local_aws import clients
from local_aws.clock import Clock
from local_aws.ecs.services.hook_runs import HookRun
from local_aws.ecs.services.rollouts import Rollout

Record = dict[str, Any]
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
    """Wait without blocking; None when the hook's time is over.

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
    event: Record = {
        "executionId": execution,
        "lifecycleStage": run.stage,
        "resourceArn": rollout.arn,
        "executionDetails": {
            "serviceArn": rollout.revision.settings["serviceArn"],
            "targetServiceRevisionArn": rollout.revision.arn,
            "testTrafficWeights": _test_weights(rollout) if run.stage == "TEST_TRAFFIC_SHIFT" else {},
            "productionTrafficWeights": _production_weights(rollout) if run.stage in _PRODUCTION else {},
        },
    }
    return event | ({"hookDetails": dict(details)} if details else {})


def _test_weights(rollout: Rollout) -> Record:
    return {side.revision.arn: side.test_weight for side in rollout.sides}


def _production_weights(rollout: Rollout) -> Record:
    return {side.revision.arn: side.production_weight for side in rollout.sides}


def _parsed(details: object) -> Record:
    parsed = json.loads(details) if isinstance(details, str) and details else details
    return parsed if isinstance(parsed, dict) else {}

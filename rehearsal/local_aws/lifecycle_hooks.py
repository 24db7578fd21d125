"""Lifecycle hooks: the function is really invoked, and its answer obeyed, before the deployment goes on.

Payload and answer: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

import json
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.local_aws import clients
from rehearsal.local_aws.rollouts import Rollout, RolloutError

if TYPE_CHECKING:
    from rehearsal.local_aws.service_controller import ServiceController

Record = dict[str, Any]
DEFAULT_DELAY = 30.0
LONGEST_MINUTES = 1440.0
_WEIGHED = ("TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
_invocations = ThreadPoolExecutor(max_workers=16, thread_name_prefix="lifecycle-hook")


def run_hooks(service: "ServiceController", rollout: Rollout, stage: str) -> Iterator[None]:
    """Runs the hooks of this stage one after the other; RolloutError when one does not succeed."""
    for hook in rollout.configuration.get("lifecycleHooks") or []:
        if stage in hook.get("lifecycleStages", []) and hook.get("hookTargetArn"):
            yield from _run(service, rollout, stage, hook)


def _run(service: "ServiceController", rollout: Rollout, stage: str, hook: Record) -> Iterator[None]:
    details = dict(_parsed(hook.get("hookDetails")))
    execution, limit = str(uuid4()), hook.get("timeoutConfiguration") or {}
    deadline = monotonic() + service.clock.real(60 * float(limit.get("timeoutInMinutes") or LONGEST_MINUTES))
    entry = {"hookId": execution, "targetType": "AWS_LAMBDA", "targetArn": hook["hookTargetArn"]}
    rollout.hooks.append(entry | {"status": "IN_PROGRESS"})
    while monotonic() < deadline:
        answer = yield from _invoked(hook["hookTargetArn"], _event(rollout, stage, execution, details))
        status = answer.get("hookStatus")
        if status != "IN_PROGRESS":
            return _settle(rollout, entry, stage, status)
        details |= answer.get("hookDetails") or {}
        again = monotonic() + service.clock.real(float(answer.get("callBackDelay") or DEFAULT_DELAY))
        while monotonic() < again:
            yield
    rollout.hooks[-1] = entry | {"status": "TIMED_OUT"}
    if limit.get("action") != "CONTINUE":
        raise RolloutError(f"Lifecycle hook {entry['targetArn']} at {stage} timed out.")
    return None


def _settle(rollout: Rollout, entry: Record, stage: str, status: object) -> None:
    succeeded = status == "SUCCEEDED"
    rollout.hooks[-1] = entry | {"status": "SUCCEEDED" if succeeded else "FAILED"}
    if succeeded:
        return
    said = "returned FAILED" if status == "FAILED" else f"gave no valid hookStatus ({status!r})"
    raise RolloutError(f"Lifecycle hook {entry['targetArn']} at {stage} {said}.")


def _invoked(function: str, event: Record) -> Generator[None, None, Record]:
    """Waits without blocking; what is not a JSON object, or an exception, is an answer without a hookStatus."""
    call = _invocations.submit(_invoke, function, event)
    while not call.done():
        yield
    answer = call.result()
    return answer if isinstance(answer, dict) else {}


def _invoke(function: str, event: Record) -> object:
    try:
        response = clients.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except clients.ERRORS as error:
        return str(error)
    payload = response["Payload"].read()
    return None if response.get("FunctionError") else json.loads(payload or b"null")


def _event(rollout: Rollout, stage: str, execution: str, details: Record) -> Record:
    sides = [rollout, *([rollout.source] if rollout.source else [])]
    weighed = stage in _WEIGHED
    event: Record = {
        "executionId": execution,
        "lifecycleStage": stage,
        "resourceArn": rollout.arn,
        "executionDetails": {
            "serviceArn": rollout.revision.settings["serviceArn"],
            "targetServiceRevisionArn": rollout.revision.arn,
            "testTrafficWeights": {r.revision.arn: r.test_weight for r in sides} if weighed else {},
            "productionTrafficWeights": {r.revision.arn: r.production_weight for r in sides} if weighed else {},
        },
    }
    return event | ({"hookDetails": details} if details else {})


def _parsed(details: object) -> Record:
    parsed = json.loads(details) if isinstance(details, str) and details else details
    return parsed if isinstance(parsed, dict) else {}

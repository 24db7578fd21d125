"""Reads what ECS tells a lifecycle hook, and forms the answer.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release_engine.times import GATE_ATTEMPTS
from release_engine.verdict import Judgement, Verdict

_WEIGHED = {"TEST_TRAFFIC_SHIFT": "testTrafficWeights", "PRODUCTION_TRAFFIC_SHIFT": "productionTrafficWeights"}


@dataclass(frozen=True)
class Call:
    """One call of the hook by ECS; `details` are the hook's own, with what earlier calls of the deployment answered."""

    stage: str
    deployment: str
    service: str
    revision: str
    rolls_back: bool
    details: Mapping[str, Any]

    @property
    def service_name(self) -> str:
        """Return the service's name, which ends its ARN."""
        return self.service.rpartition("/")[2]

    @property
    def deployment_id(self) -> str:
        """Return the deployment's id, which ends its ARN."""
        return self.deployment.rpartition("/")[2]


def parse(event: Mapping[str, Any]) -> Call:
    """Read the call from the event, in which the details are an object or its JSON text."""
    execution, details = event["executionDetails"], event.get("hookDetails") or {}
    return Call(
        stage=event["lifecycleStage"],
        deployment=event["resourceArn"],
        service=execution["serviceArn"],
        revision=execution["targetServiceRevisionArn"],
        rolls_back=_rolls_back(event["lifecycleStage"], execution),
        details=json.loads(details) if isinstance(details, str) else details,
    )


def answer(judgement: Judgement, attempts: int, seconds: int, progress: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to ECS; in doubt it asks to be called again in `seconds`, but not after GATE_ATTEMPTS calls."""
    if judgement.verdict is Verdict.PASS:
        return {"hookStatus": "SUCCEEDED"}
    if judgement.verdict is Verdict.FAIL or attempts >= GATE_ATTEMPTS:
        return {"hookStatus": "FAILED"}
    details = {"progress": {**progress, "attempts": attempts}}
    return {"hookStatus": "IN_PROGRESS", "callBackDelay": seconds, "hookDetails": details}


def _rolls_back(stage: str, execution: Mapping[str, Any]) -> bool:
    """Tell whether the call is of a rollback.

    A rollback has no stage of its own: the hooks of the shift run again, with the target of the deployment at 0.
    """
    weights = execution.get(_WEIGHED.get(stage, "")) or {}
    return bool(weights) and weights.get(execution["targetServiceRevisionArn"], 0) == 0

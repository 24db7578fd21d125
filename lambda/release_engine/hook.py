"""What ECS tells a lifecycle hook, and what it may be answered.

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
    """One invocation. `details` are those of the hook, with what earlier calls of this deployment answered."""

    stage: str
    deployment: str
    service: str
    revision: str
    rolls_back: bool
    details: Mapping[str, Any]

    @property
    def service_name(self) -> str:
        """The ECS name at the end of the service's ARN."""
        return self.service.rpartition("/")[2]

    @property
    def deployment_id(self) -> str:
        """The end of the deployment's ARN."""
        return self.deployment.rpartition("/")[2]


def parse(event: Mapping[str, Any]) -> Call:
    """From the event; the details may come as an object or as its text."""
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
    """Doubt asks to be called again in `seconds`, a limited number of times."""
    if judgement.verdict is Verdict.PASS:
        return {"hookStatus": "SUCCEEDED"}
    if judgement.verdict is Verdict.FAIL or attempts >= GATE_ATTEMPTS:
        return {"hookStatus": "FAILED"}
    details = {"progress": {**progress, "attempts": attempts}}
    return {"hookStatus": "IN_PROGRESS", "callBackDelay": seconds, "hookDetails": details}


def _rolls_back(stage: str, execution: Mapping[str, Any]) -> bool:
    """There is no stage of its own: the shift's hooks run again, with the target of the deployment at 0."""
    weights = execution.get(_WEIGHED.get(stage, "")) or {}
    return bool(weights) and weights.get(execution["targetServiceRevisionArn"], 0) == 0

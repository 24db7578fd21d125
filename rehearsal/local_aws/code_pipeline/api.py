"""The API, as ministack's dispatcher calls it. https://docs.aws.amazon.com/codepipeline/latest/APIReference/"""

import json
from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core.responses import error_response_json
from ministack.core.router import SERVICE_PATTERNS

from rehearsal.local_aws.answers import Action, Response, answered
from rehearsal.local_aws.code_pipeline import jobs, orders, queries

SERVICE, PREFIX = "codepipeline", "CodePipeline_20150709"
ACTIONS: dict[str, Action] = {
    "GetPipeline": queries.pipeline,
    "ListPipelines": queries.listed,
    "GetPipelineState": queries.state,
    "GetPipelineExecution": queries.execution,
    "ListPipelineExecutions": queries.executions,
    "ListActionExecutions": queries.actions,
    "ListRuleExecutions": queries.rules,
    "StartPipelineExecution": orders.start,
    "StopPipelineExecution": orders.stop,
    "RetryStageExecution": orders.retry,
    "EnableStageTransition": orders.enable,
    "DisableStageTransition": orders.disable,
    "PutApprovalResult": orders.approve,
    "PutJobSuccessResult": jobs.answer,
    "PutJobFailureResult": jobs.answer,
}


def install() -> None:
    """Adds the service, which ministack has not."""
    app.SERVICE_HANDLERS[SERVICE] = handle_request
    SERVICE_PATTERNS[SERVICE] = {"target_prefixes": [PREFIX], "host_patterns": [r"codepipeline\."]}


async def handle_request(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Response:
    name = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    action = ACTIONS.get(name)
    if action is None:
        refusal: Response = error_response_json("UnknownOperationException", f"{name} is not imitated here", 400)
        return refusal
    return answered(action)(json.loads(body or b"{}"))

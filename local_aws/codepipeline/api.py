"""The API, as ministack's dispatcher calls it. https://docs.aws.amazon.com/codepipeline/latest/APIReference/"""

from local_aws.codepipeline import jobs, orders, queries
from local_aws.ministack_parts import added_services
from local_aws.ministack_parts.answers import Action

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
    """Adds the service."""
    added_services.add(SERVICE, target=PREFIX, actions=ACTIONS)

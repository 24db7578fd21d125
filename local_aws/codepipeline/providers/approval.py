"""Manual approval: waits for PutApprovalResult.

https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html
"""

import json
from time import monotonic, time

from local_aws import clients
from local_aws.codepipeline.runs import FailedError, Run
from local_aws.eventbridge import events
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record, RefusedError, root_arn

MINUTES = 7 * 24 * 60  # https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
_LOOK_EVERY = 0.05  # wall-clock seconds
_results: dict[str, Record] = {}  # token -> what was answered


def work(run: Run) -> None:
    """Wait for the answer; a timeout is a failure."""
    seconds = run.clock.real(60.0 * float(run.declared.get("timeoutInMinutes", MINUTES)))
    until = monotonic() + seconds
    if topic := run.configuration.get("NotificationArn"):
        message = json.dumps(_notification(run, time() + seconds))
        clients.client("sns").publish(TopicArn=topic, Subject=f"APPROVAL NEEDED: {run.name}"[:100], Message=message)
    while run.token not in _results:
        run.pause(_LOOK_EVERY)
        if monotonic() > until:
            raise FailedError("The approval action has timed out", "Timeout")
    result = _results[run.token]
    run.say(result["summary"])
    run.updated_by = root_arn()
    if result["status"] != "Approved":
        raise FailedError(result["summary"] or "Rejected")


def answer(run: Run | None, request: Record) -> float:
    """Take the answer of PutApprovalResult to the action's newest run, and return the time."""
    token = request["token"]
    if run is None or token != run.token:
        raise RefusedError("InvalidApprovalTokenException", f"The token {token} is not that of a pending approval")
    if run.status != "InProgress" or token in _results:
        raise RefusedError("ApprovalAlreadyCompletedException", f"{run.name} has been approved, rejected or ended")
    _results[token] = request["result"]
    return time()


def _notification(run: Run, expires: float) -> Record:
    """Return the message that tells the topic of an approval.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html
    """
    pipeline = run.execution.pipeline.name
    console = f"https://console.aws.amazon.com/codepipeline/home?region={embedding.REGION}#/view/{pipeline}"
    approval = {
        "pipelineName": pipeline,
        "stageName": run.stage,
        "actionName": run.name,
        "token": run.token,
        "expires": events.iso(expires),
        "externalEntityLink": run.configuration.get("ExternalEntityLink"),
        "approvalReviewLink": f"{console}/{run.stage}/{run.name}/approve/{run.token}",
        "customData": run.configuration.get("CustomData"),
    }
    return {"region": embedding.REGION, "consoleLink": console, "approval": approval}

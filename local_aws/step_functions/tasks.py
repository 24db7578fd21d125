"""Step Functions by the clock of the local AWS, and starting the same execution twice.

Wait states and the delays between retries run faster. Tasks call functions and topics as root does: a machine's role
is not evaluated here.
"""

from functools import wraps
from typing import Any

from local_aws.aws_lambda import functions
from local_aws.clock import Clock
from local_aws.ministack_parts.answers import Record, json_response
from local_aws.ministack_parts.services import stepfunctions


def install(clock: Clock) -> None:
    """Scale every wait, and replace StartExecution and what tasks hear of a function's failure."""
    stepfunctions.scale_waits(clock.real(1))
    stepfunctions.start_execution.wrap(_idempotent)
    functions.install(clock)


def close() -> None:
    """End the workers of functions."""
    functions.close()


def _idempotent(stock: Any) -> Any:
    """Take the same name and input, while it runs, as the same execution.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """

    @wraps(stock)
    def start(request: Record) -> Any:
        running = _running(request)
        if running is None:
            return stock(request)
        return json_response({key: running[key] for key in ("executionArn", "startDate")})

    return start


def _running(request: Record) -> Record | None:
    executions = (
        execution
        for execution in stepfunctions.executions.values()
        if execution["name"] == request.get("name") and execution["stateMachineArn"] == request.get("stateMachineArn")
    )
    running: Record | None = next(executions, None)
    if running is None or running["status"] != "RUNNING" or running["input"] != request.get("input", "{}"):
        return None
    return running

"""Lambda functions that fail as on AWS: the caller is told the exception's class.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html. In stock every exception is a
`Runtime.HandlerError`, so a state machine that retries or catches one by name would never see it.
"""

import re
from functools import wraps
from typing import Any

from local_aws.clock import Clock
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import aws_lambda

IDLE_WORKERS_END_AFTER = 30.0
STOCK = "traceback.format_exc()"
MARK = "errorType: "
LAST_LINE = re.compile(rf"^{MARK}(\w+)\s*\Z", re.MULTILINE)


def install(_clock: Clock) -> None:
    """Let a worker name the exception's class after its traceback, and end idle workers sooner, to spare memory."""
    script = aws_lambda.worker_script()
    if script.count(STOCK) != 1:
        raise RuntimeError("ministack's worker script is another one: look at _PYTHON_WORKER_SCRIPT")
    aws_lambda.replace_worker_script(script.replace(STOCK, rf'{STOCK} + "{MARK}" + type(e).__name__'))
    aws_lambda.keep_workers_in(workplace.current().functions)
    aws_lambda.end_idle_workers_after(IDLE_WORKERS_END_AFTER)
    aws_lambda.execute_function.wrap(_naming_errors)


def close() -> None:
    """Ends the workers and removes their folders."""
    aws_lambda.end_workers()


def _naming_errors(stock: Any) -> Any:
    @wraps(stock)
    def execute(function: Record, event: Record, request_id: str) -> Record:
        result: Record = stock(function, event, request_id)
        log = result.get("log") or ""
        named = LAST_LINE.search(log)
        if not result.get("error") or named is None:
            return result
        trace = log[: named.start()]
        body = result["body"] | {
            "errorType": named[1],
            "requestId": request_id,
            "stackTrace": [line + "\n" for line in trace.splitlines() if line.startswith("  File")],
        }
        return result | {"body": body, "log": trace}

    return execute

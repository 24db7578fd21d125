"""Lambda functions that fail as on AWS: the caller is told the exception's class.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html. In stock every exception is a
`Runtime.HandlerError`, so a state machine that retries or catches one by name would never see it.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import wraps
from pathlib import Path
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
    aws_lambda.keep_functions_in(workplace.current().functions)
    aws_lambda.start_workers_with(_start_worker)
    aws_lambda.end_idle_workers_after(IDLE_WORKERS_END_AFTER)
    aws_lambda.execute_function.wrap(_naming_errors)


def close() -> None:
    """End the workers and remove their folders."""
    aws_lambda.end_workers()


def _start_worker(command: Sequence[str], *, cwd: str, env: Mapping[str, str], **options: Any) -> Any:
    """Start a worker whose temporary files and home lie beside its code, and go with it."""
    own = {"TMPDIR": Path(cwd).with_name("tmp"), "HOME": Path(cwd).with_name("home")}
    for folder in own.values():
        folder.mkdir(exist_ok=True)
    environment = {**env, **{name: str(folder) for name, folder in own.items()}}
    process = subprocess.Popen(command, cwd=cwd, env=environment, start_new_session=True, **options)
    workplace.current().orphans.record(process.pid)
    return process


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

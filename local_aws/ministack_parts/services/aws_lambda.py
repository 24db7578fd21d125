"""ministack's Lambda: functions, and the Python workers that run them as processes of this machine."""

import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.forms import Replaceable

# (function, event, request id) -> {"body", "log", "error", ...}
execute_function: Replaceable[[Record, Record, str], Record] = Replaceable(lambda_svc, "_execute_function_warm")
# Ends every worker and removes its folder.
end_workers: Callable[[], None] = lambda_runtime.reset


def worker_script() -> str:
    """Return the program of a Python worker."""
    return str(lambda_runtime._PYTHON_WORKER_SCRIPT)


def replace_worker_script(script: str) -> None:
    """Start workers with this program from now on."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = script


def end_idle_workers_after(seconds: float) -> None:
    """Set how long a worker may be idle before it ends."""
    lambda_runtime._LOCAL_WORKER_TTL = seconds


def keep_functions_in(folder: Path) -> None:
    """Let functions be unpacked below `folder` rather than in the machine's temporary folder."""
    lambda_runtime.tempfile = lambda_svc.tempfile = SimpleNamespace(
        mkdtemp=partial(tempfile.mkdtemp, dir=folder),
        TemporaryDirectory=partial(tempfile.TemporaryDirectory, dir=folder),
    )
    lambda_svc._PROVIDED_CODE_CACHE = str(folder / "provided")


def start_workers_with(popen: Callable[..., "subprocess.Popen[str]"]) -> None:
    """Start the processes of workers by this function, which is called as `subprocess.Popen` is."""
    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": popen})

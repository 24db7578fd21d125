"""`cdk deploy` of named stacks from an assembly. https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from release.infrastructure.errors import NotDeployableError
from release.review.synths import tools_of

_LAST_WORDS = 5.0  # a cancelled job of GitHub has 7.5 s before it is killed


def deploy(root: Path, assembly: Path, stacks: Sequence[str], *, renew: Callable[[], None], every: float = 60.0) -> int:
    """The CLI's exit code; what it says streams through. `renew` is called while it runs, and ends it by raising."""
    command = ("cdk", "deploy", "--app", str(assembly), "--exclusively", *stacks, "--require-approval", "never")
    options = ("--no-notices", "--progress", "events", "--concurrency", "4")
    sys.stdout.flush()  # what was said before comes before
    try:
        # In a session of its own: an interruption is ours to pass on, and reaches it once.
        process = subprocess.Popen(  # noqa: S603
            [*command, *options], cwd=root, env=tools_of(root), stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise NotDeployableError(f"the CDK CLI does not run ({error}): `make setup` installs it") from error
    try:
        return _waited(process, renew, every)
    finally:
        _end(process)


def _waited(process: "subprocess.Popen[bytes]", renew: Callable[[], None], every: float) -> int:
    while True:
        try:
            return process.wait(timeout=every)
        except subprocess.TimeoutExpired:
            renew()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Nothing of it outlives the command that started it."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=_LAST_WORDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

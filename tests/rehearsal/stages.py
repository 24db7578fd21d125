"""Deployed environments, each in a process of its own: a process can hold one local AWS only."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rehearsal.commands import ROOT
from rehearsal.opening import READY

# How many times faster than AWS a stage waits, as in the tour; with 120, a push beside stories failed once.
SPEED = 60.0
# What judges templates is `make check`'s business. It changes nothing of them but CDK's own statistics, so whoever
# compares with a stage synthesizes without it too.
WITHOUT_RULES = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false"}


@contextmanager
def set_stage(environment: str, folder: Path, *more: str) -> Iterator[dict[str, Any]]:
    """What `rehearsal.opening` says of the stage, once every stack is deployed."""
    command = [sys.executable, "-m", "rehearsal.opening", str(folder), environment, str(SPEED), *more]
    process = subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=os.environ | WITHOUT_RULES, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    try:
        yield _ready(process)
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def _ready(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        if line.startswith(READY):
            found: dict[str, Any] = json.loads(line.removeprefix(READY))
            return found
        seen.append(line)
    pytest.fail("the stage was not set:\n" + "".join(seen[-40:]))

"""`cdk diff` after one synth: with the assembly that is there, against one that asks Python again."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.project import command, python
from bench.ratio import Command, Ratio, measure

ENVIRONMENT = "staging"
_DIFF = ("cdk", "diff", "--no-notices", "--no-version-reporting", "--method", "template")
_READY = "READY "  # rehearsal/stage_process.py


def diff_of_an_assembly_against_one_through_python() -> Ratio:
    """Of all stacks of an environment, deployed to a local AWS, of which nothing differs.

    Both compare templates, and both validate nothing again: what Python does is to make the assembly.
    """
    with TemporaryDirectory(prefix="exchange-bench-") as folder, _deployed(Path(folder)) as aws:
        fresh = command(*_DIFF, "-c", f"environment={ENVIRONMENT}", "--output", f"{folder}/fresh")
        again = command(*_DIFF, "--app", f"{folder}/cdk.out")
        return measure(_in(again, aws), _in(fresh, aws), goal=0.4, runs=3)


@contextmanager
def _deployed(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an AWS client, while the stage is up; its assembly is in `folder`."""
    starting = python("-m", "rehearsal.stage_process", str(folder), ENVIRONMENT)
    with subprocess.Popen(
        starting.arguments,
        cwd=starting.folder,
        env=dict(starting.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stage:
        told = next((line for line in stage.stdout or () if line.startswith(_READY)), None)
        if told is None:
            raise RuntimeError(f"the stage of {ENVIRONMENT} was not set: make rehearse says why")
        aws: dict[str, str] = json.loads(told.removeprefix(_READY))["aws"]
        try:
            yield aws
        finally:
            if stage.stdin:
                stage.stdin.close()


def _in(asked: Command, aws: dict[str, str]) -> Command:
    return replace(asked, environment={**asked.environment, **aws})

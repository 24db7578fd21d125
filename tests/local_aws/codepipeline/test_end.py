"""A pipeline does not hold up the end of a rehearsal."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# An execution waits for its approval, another one before the stage, while the local AWS is closed.
CLOSED = """
import pathlib, sys, threading
from local_aws.server import LocalAws
from tests.local_aws.codepipeline.sample_pipelines import Monorepo, Pipelines, approval, stage
from tests.local_aws.cloudformation.sample_stacks import Stack

folder = pathlib.Path(sys.argv[1])
with LocalAws(folder / "aws") as aws:
    pipelines = Pipelines(aws, Stack(aws.client("cloudformation")), Monorepo(folder / "monorepo"))
    pipelines.create(stage("Ask", approval()))
    execution = pipelines.start()
    pipelines.start()
    pipelines.waits(execution, "Ask")
left = [one.name for one in threading.enumerate() if one.name.startswith(("execution-", "action-", "code-pipeline"))]
print(left)
"""


def test_what_waits_ends_with_the_local_aws(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLOSED, str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - this test's own program
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr

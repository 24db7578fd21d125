"""Runs the steps of a job: `run:` for real, with bash; `uses:` by stand-ins."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rehearsal.workflows.expressions import Blank, Expressions
from tests.rehearsal.workflows.workflow_runs import Ended, Job

# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
SHELLS = {"": ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
LONGEST = 120.0


@dataclass
class Place:
    """Where a job runs: a folder of its own, and what its later steps find in their environment."""

    job: Job
    workspace: Path
    environment: dict[str, str]
    log: list[str] = field(default_factory=list)


Action = Callable[[Place, Mapping[str, str]], None]


@dataclass(frozen=True)
class Steps:
    """`folder` receives the jobs' folders; `machine` is what every runner has; `actions` by name, without a version."""

    folder: Path
    machine: Mapping[str, str]
    actions: Mapping[str, Action]

    def __call__(self, job: Job) -> Ended:
        """Runs them all; a failed one skips those after it that do not ask for more."""
        home = self.folder / f"{len(list(self.folder.iterdir()))}-{job.name}"
        workspace = home / "workspace"
        workspace.mkdir(parents=True)
        files = {name: str(home / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        place = Place(job, workspace, {**self.machine, **files, "HOME": str(home), "GITHUB_WORKSPACE": str(workspace)})
        known: dict[str, Any] = {}
        failed = False
        for step in job.written["steps"]:
            ends = [failed]
            expressions = _of_step(job, known, failed=failed)
            if "id" in step:
                known[step["id"]] = {"outputs": Blank()}
            if not expressions.holds(step.get("if", "success()")):
                continue
            ends.append(not self._step(step, place, expressions, known))
            failed = any(ends)
        expressions = _of_step(job, known, failed=failed)
        outputs = {name: expressions.text(value) for name, value in job.written.get("outputs", {}).items()}
        return Ended("failure" if failed else "success", outputs, "\n".join(place.log))

    def _step(self, step: Mapping[str, Any], place: Place, expressions: Expressions, known: dict[str, Any]) -> bool:
        if "uses" in step:
            action = self.actions[step["uses"].partition("@")[0]]
            action(place, {name: expressions.text(value) for name, value in step.get("with", {}).items()})
            return True
        assert "${{" not in step["run"], "an expression in a script is code from elsewhere: hand it over in env"
        output = Path(place.environment["GITHUB_OUTPUT"])
        output.write_text("")
        own = {name: expressions.text(value) for name, value in step.get("env", {}).items()}
        code = _bash(step, place, place.environment | own)
        if "id" in step:
            lines = output.read_text().splitlines()
            known[step["id"]] = {"outputs": Blank(line.split("=", 1) for line in lines)}
        return code == 0


def _of_step(job: Job, known: Mapping[str, Any], *, failed: bool) -> Expressions:
    functions = {"success": lambda: not failed, "failure": lambda: failed, "cancelled": lambda: False}
    return Expressions({**job.contexts, "steps": known}, functions)


def _bash(step: Mapping[str, Any], place: Place, environment: Mapping[str, str]) -> int:
    done = subprocess.run(  # noqa: S603
        [*SHELLS[step.get("shell", place.job.shell)], "-c", step["run"]],
        cwd=place.workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    place.log.append(f"$ {step['run'].strip()}\n{done.stdout}(ended with {done.returncode})")
    return done.returncode

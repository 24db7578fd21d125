"""Runs the steps of a job: `run:` for real, with bash; `uses:` by stand-ins, done on this machine.

checkout                    a folder with this project in it, or a copy of the stand-in monorepo
configure-aws-credentials   the local AWS's credentials, if the role's own trust policy takes the job's token
upload-, download-artifact  files kept between the jobs of a run
setup-python, setup-buildx  nothing: both are there
"""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.commands import ROOT
from tests.rehearsal.workflows.expressions import Blank, Expressions
from tests.rehearsal.workflows.workflow_runs import COMMIT, OURS, Ended, Job

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


PROVIDER = "token.actions.githubusercontent.com:"
LEFT_OUT = (".git", "build", "cdk.out", "source")
MONOREPO = ROOT / "rehearsal" / "components"


@dataclass(frozen=True)
class Actions:
    """`iam` knows the roles; `aws` is the environment that makes AWS clients talk to the local AWS."""

    iam: Any
    aws: Mapping[str, str]
    artifacts: Path

    def by_name(self) -> Mapping[str, Action]:
        return {
            "actions/checkout": check_out,
            "actions/setup-python": _nothing,
            "docker/setup-buildx-action": _nothing,
            "aws-actions/configure-aws-credentials": self.become,
            "actions/upload-artifact": self.upload,
            "actions/download-artifact": self.download,
        }

    def become(self, place: Place, given: Mapping[str, str]) -> None:
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html"""
        assert place.job.permissions.get("id-token") == "write", f"{place.job.name}: GitHub would sign no token"
        assert given["aws-region"] == self.aws["AWS_REGION"]
        assert "aws-access-key-id" not in given
        role = self.iam.get_role(RoleName=given["role-to-assume"].rpartition("/")[2])["Role"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        claims = {f"{PROVIDER}{name}": value for name, value in place.job.claims.items()}
        trusted: Mapping[str, str] = statement["Condition"]["StringEquals"]
        wrong = {name: (value, claims.get(name)) for name, value in trusted.items() if claims.get(name) != value}
        assert wrong == {}, f"{place.job.name}: {given['role-to-assume']} does not trust this job"
        assert int(given.get("role-duration-seconds", 3600)) <= role["MaxSessionDuration"]
        place.environment.update(self.aws)

    def upload(self, place: Place, given: Mapping[str, str]) -> None:
        shutil.copy(place.workspace / given["path"], _made(self.artifacts / given["name"]))

    def download(self, place: Place, given: Mapping[str, str]) -> None:
        shutil.copytree(self.artifacts / given["name"], place.workspace / given["path"], dirs_exist_ok=True)


def check_out(place: Place, given: Mapping[str, str]) -> None:
    """Without a repository it is the calling one."""
    if "repository" not in given:
        shutil.copytree(MONOREPO, place.workspace / given["path"])
        return
    assert (given["repository"], given["ref"]) == (OURS.partition("/.github")[0], COMMIT)
    assert given["token"]
    for entry in ROOT.iterdir():
        if entry.name not in LEFT_OUT:
            (place.workspace / entry.name).symlink_to(entry)


def _nothing(_place: Place, _given: Mapping[str, str]) -> None:
    """There already."""


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""Stand-ins for the actions that the workflows use: what each does, done on this machine.

checkout                    a folder with this project in it, or a copy of the stand-in monorepo
configure-aws-credentials   the local AWS's credentials, if the role's own trust policy takes the job's token
upload-, download-artifact  files kept between the jobs of a run
setup-python, setup-buildx  nothing: both are there
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.commands import ROOT
from tests.rehearsal.workflows.step_runs import Action, Place
from tests.rehearsal.workflows.workflow_runs import COMMIT, OURS

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

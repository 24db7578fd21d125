"""This project's workflows: what they may do, what they trust, and that the linter finds what is wrong.

In cdk-diff.yml what a pull request brings is never run by a job that may write (F30).
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "monorepo" / ".github" / "workflows"
WORKFLOWS = sorted([*(ROOT / ".github" / "workflows").glob("*.yml"), *EXAMPLES.glob("*.yml")])
NODE = Path(sys.executable).parent / "node"


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(workflow).values() for step in job.get("steps", [])]


def lint(*paths: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(NODE), str(ROOT / ".github" / "lint.mjs"), *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ)  # noqa: S603


def test_there_are_workflows() -> None:
    assert WORKFLOWS


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_and_says_its_version(workflow: Path) -> None:
    used = re.findall(r"uses: *(\S.*)", workflow.read_text())
    assert used
    assert [one for one in used if not re.fullmatch(r"(\$/\S+|\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)", one)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_f30_nothing_is_permitted_but_what_a_job_names(workflow: Path) -> None:
    assert yaml.safe_load(workflow.read_text())["permissions"] == {}
    assert all("permissions" in job for job in jobs(workflow).values())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_no_checkout_leaves_credentials_behind(workflow: Path) -> None:
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_f30_a_pull_request_is_checked_with_the_right_to_read_alone() -> None:
    workflow = ROOT / ".github" / "workflows" / "check.yml"
    assert [job["permissions"] for job in jobs(workflow).values()] == [{"contents": "read"}]
    assert "pull_request_target" not in workflow.read_text()


def test_ci_runs_what_everybody_runs() -> None:
    commands = [step["run"] for step in steps(ROOT / ".github" / "workflows" / "check.yml") if "run" in step]
    assert commands == [".ci/run"]


def test_the_workflows_pass_the_linter() -> None:
    result = lint(*WORKFLOWS)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_linter_finds_what_is_wrong_and_where(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ nothing }}\n"
    )
    result = lint(wrong)
    assert result.returncode == 1
    assert f"{wrong}:6:" in result.stderr


def test_the_linter_does_not_pass_when_it_was_given_nothing() -> None:
    assert lint().returncode == 1


WORKFLOW = ROOT / ".github" / "workflows" / "cdk-diff.yml"
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]


def test_f30_the_job_that_runs_the_pull_request_may_write_nothing() -> None:
    assert JOBS["diff"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert all("GITHUB_TOKEN" not in step.get("env", {}) for step in JOBS["diff"]["steps"])


def test_f30_the_job_that_comments_runs_what_the_base_has() -> None:
    (checkout,) = (step for step in JOBS["comment"]["steps"] if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert JOBS["comment"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert "id-token" not in JOBS["comment"]["permissions"]


def test_nothing_that_a_person_writes_is_put_into_a_shell() -> None:
    scripts = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_f32_the_whole_diff_is_kept_beside_the_comment() -> None:
    (kept,) = (step for step in JOBS["diff"]["steps"] if step.get("uses", "").startswith("actions/upload-artifact@"))
    assert kept["with"]["path"] == "build/diff/${{ matrix.environment }}.*"


def test_a_pull_request_that_loses_data_does_not_pass() -> None:
    last = JOBS["diff"]["steps"][-1]
    assert (last["env"], last["run"]) == ({"VERDICT": "${{ steps.compare.outputs.verdict }}"}, '[ "$VERDICT" -ne 3 ]\n')

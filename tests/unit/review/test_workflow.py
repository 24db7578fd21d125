"""cdk-diff.yml: what a pull request brings is never run by a job that may write (F30)."""

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

WORKFLOW = Path(__file__).resolve().parents[3] / ".github" / "workflows" / "cdk-diff.yml"
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

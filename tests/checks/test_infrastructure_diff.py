"""`python -m release diff` for real: this project, two syntheses, the engine, and nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bench.commands import commit, committed_copy

WORKFLOW = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "cdk-diff.yml"


class Copy:
    """This project as it is now, in a repository of its own; what it writes elsewhere goes into `scratch`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.scratch = folder / "project", folder / "scratch"
        self.scratch.mkdir()
        committed_copy(self.folder)
        (self.folder / ".venv").symlink_to(sys.prefix)

    def set(self, file: str, old: str, new: str) -> None:
        path = self.folder / "config" / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def diff(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "release", "-e", "staging", "diff", *arguments]
        return self._run(*command)

    def step_of_the_workflow(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run it as the runner does: https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions"""
        steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["diff"]["steps"]
        (step,) = (step for step in steps if step.get("id") == "compare")
        assert set(step["env"]) == set(environment)
        files = {"GITHUB_OUTPUT": self.scratch / "output", "GITHUB_STEP_SUMMARY": self.scratch / "summary"}
        return self._run(
            "bash", "-e", "-c", step["run"], **environment, **{name: str(path) for name, path in files.items()}
        )

    def leftovers(self) -> list[str]:
        """Return trees that git knows besides the project's, and files in the folder for temporary ones."""
        known = self._run("git", "worktree", "list").stdout.splitlines()
        return [*known[1:], *(str(path) for path in self.scratch.glob("exchange-*"))]

    def _run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "TMPDIR": str(self.scratch), **more}
        return subprocess.run(  # noqa: S603
            command, cwd=self.folder, env=environment, check=False, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("diff"))


def test_a_tree_that_is_its_base_changes_nothing(project: Copy) -> None:
    result = project.diff("--base", "HEAD")
    assert (result.returncode, result.stdout) == (0, "staging against HEAD: nothing changes\n"), result.stderr
    assert project.leftovers() == []


def test_the_step_of_the_workflow_reviews_a_pull_request_with_the_services_that_restart_in_order(project: Copy) -> None:
    project.set("staging.toml", '"backend.web"]\ncpu = 512\nmemory = 1024', '"backend.web"]\ncpu = 1024\nmemory = 2048')
    project.set("staging.toml", '"engine.app"]\ncpu = 1024\nmemory = 4096', '"engine.app"]\ncpu = 2048\nmemory = 8192')
    project.set("staging.toml", "retention_days = 30", "retention_days = 14")
    commit(project.folder)
    result = project.step_of_the_workflow(
        ENVIRONMENT="staging", DESCRIPTION="Larger `tasks` $(exit 5)", DRIFT="--no-drift"
    )
    assert result.returncode == 0, result.stderr
    assert (project.scratch / "output").read_text() == "verdict=2\n"
    comment = (project.folder / "build" / "diff" / "staging.md").read_text()
    assert comment.startswith(
        "<!-- exchange-release diff: staging -->\n### Infrastructure of `staging`: needs a look\n"
    )
    assert (project.scratch / "summary").read_text() == comment
    report: dict[str, Any] = json.loads((project.folder / "build" / "diff" / "staging.json").read_text())
    assert [(restart["component"], restart["service"]) for restart in report["restarts"]] == [
        ("backend", "exchange-backend-web"),
        ("engine", "exchange-engine-app"),
    ]
    assert {finding["topic"] for finding in report["findings"]} == {"safeguards", "restarts"}
    assert report["cost"]["difference"] > 0
    assert project.leftovers() == []


def test_a_base_that_does_not_synthesize_is_an_error_that_says_why(project: Copy) -> None:
    project.set("exchange.toml", 'strategy = "BLUE_GREEN"', 'strategy = "GREEN_BLUE"')
    commit(project.folder)
    project.set("exchange.toml", 'strategy = "GREEN_BLUE"', 'strategy = "BLUE_GREEN"')
    result = project.diff("--base", "HEAD")
    assert result.returncode == 1
    assert "the base HEAD does not synthesize (staging):" in result.stderr
    assert "GREEN_BLUE" in result.stderr
    assert project.leftovers() == []

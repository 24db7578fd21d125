"""The examples for the monorepo: thin, and as the settings say."""

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from settings.loading import ROOT, load_settings

OURS = ROOT / ".github" / "workflows"
EXAMPLES = ROOT / "examples" / "monorepo" / ".github" / "workflows"
CALLERS = sorted(EXAMPLES.glob("*.yml"))
SHARED = ("build-image", "release-component", "unwind")  # called by the others
OWN = ("check", "cdk-diff")
ISSUE = (
    *("assets", "bundle-audit", "client-build", "client-code-quality", "client-jest-tests", "client-playwright-tests"),
    *("client-tests", "client-translations", "db-consistency", "erb-lint", "backend-rspec", "backend-rubocop"),
    *("security", "zeitwerk", "engine-tests"),
)


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{name}.yml").read_text())["jobs"]
    return found


def inputs_of(called: str) -> dict[str, Any]:
    written = yaml.safe_load((OURS / called).read_text())
    found: dict[str, Any] = written[True]["workflow_call"]["inputs"]  # YAML 1.1 takes `on` for a truth value
    return found


def test_the_release_needs_every_workflow_of_the_settings_and_no_other() -> None:
    required = load_settings("prod2").github.required_workflows
    called = jobs("deploy-production")
    assert sorted(called["release"]["needs"]) == sorted(required)
    assert sorted(called.keys() - {"release"}) == sorted(required)
    assert {name: called[name]["uses"] for name in required} == {
        name: f"$/.github/workflows/{name}.yml" for name in required
    }


def test_the_settings_name_the_fifteen_that_the_monorepo_has() -> None:
    assert sorted(load_settings("prod2").github.required_workflows) == sorted(ISSUE)


def test_a_release_waits_for_success_and_for_no_less() -> None:
    """Without a condition of its own a job runs only when all that it needs have succeeded."""
    assert all("if" not in job for job in jobs("deploy-production").values())


def test_every_reusable_workflow_has_a_caller() -> None:
    written = "".join(caller.read_text() for caller in CALLERS)
    reusable = {workflow.stem for workflow in OURS.glob("*.yml")} - {*SHARED, *OWN}
    assert sorted(name for name in reusable if f"exchange-release/.github/workflows/{name}.yml@" not in written) == []


@pytest.mark.parametrize("caller", CALLERS, ids=lambda path: path.name)
def test_a_caller_calls_and_does_nothing_itself(caller: Path) -> None:
    assert all("uses" in job and "steps" not in job for job in jobs(caller.stem).values())


@pytest.mark.parametrize("caller", CALLERS, ids=lambda path: path.name)
def test_a_caller_gives_what_is_taken_and_all_that_is_needed(caller: Path) -> None:
    for job in jobs(caller.stem).values():
        if not job["uses"].startswith("exchange/"):
            continue
        declared = inputs_of(job["uses"].rpartition("/")[2].partition("@")[0])
        given = job.get("with", {}).keys()
        assert sorted(given - declared.keys()) == []
        assert sorted({name for name, one in declared.items() if one.get("required")} - given) == []


@pytest.mark.parametrize("key", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "aws-access-key-id", "secrets: inherit"])
def test_f30_no_workflow_knows_a_stored_key(key: str) -> None:
    assert [file.name for file in (*OURS.glob("*.yml"), *CALLERS) if key in file.read_text()] == []


@pytest.mark.parametrize("name", ["release-component", "rollback"])
def test_f20_releases_of_a_component_queue_in_one_group_and_none_is_cancelled_or_left_out(name: str) -> None:
    written = yaml.safe_load((OURS / f"{name}.yml").read_text())["jobs"].values()
    groups = [job["concurrency"] for job in written if job.get("environment") == "${{ inputs.environment }}"]
    assert groups == [
        {
            "group": "release-${{ inputs.environment }}-${{ inputs.component }}",
            "cancel-in-progress": False,
            "queue": "max",
        }
    ]


@pytest.mark.parametrize("workflow", sorted({*OURS.glob("*.yml")} - {OURS / "check.yml"}), ids=lambda path: path.name)
def test_every_job_with_steps_ends_some_time(workflow: Path) -> None:
    written = yaml.safe_load(workflow.read_text())["jobs"].values()
    assert all(job["timeout-minutes"] <= 120 for job in written if "steps" in job)


@pytest.mark.parametrize("workflow", sorted(OURS.glob("*.yml")), ids=lambda path: path.name)
def test_f1_a_pipe_does_not_hide_a_failure(workflow: Path) -> None:
    """`bash -e`, which GitHub runs by default, takes the end of a pipe for the whole."""
    written = yaml.safe_load(workflow.read_text())
    scripts = [step["run"] for job in written["jobs"].values() for step in job.get("steps", []) if "run" in step]
    if any(" | " in script for script in scripts):
        assert written["defaults"]["run"]["shell"] == "bash"

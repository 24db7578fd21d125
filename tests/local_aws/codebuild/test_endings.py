"""How builds end that do not come to their end, and which never begin.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from local_aws.codebuild import limits
from tests.local_aws.codebuild.sample_builds import Builds, context, spec, statuses
from tests.local_aws.contracts import call
from tests.local_aws.ecs.sample_services import wait_for


def test_a_build_that_takes_too_long_is_timed_out(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    """`timeoutInMinutes`, https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html: five at least."""
    monkeypatch.setattr(limits, "MINUTE", 0.1)
    build = builds.run("sleep 60", "echo never", project={"timeoutInMinutes": 5})
    assert (build["buildStatus"], statuses(build)["BUILD"]) == ("TIMED_OUT", "TIMED_OUT")
    assert context(build, "BUILD") == ("BUILD_TIMED_OUT", "Build has timed out.")
    assert "POST_BUILD" not in statuses(build)


def test_minutes_are_not_divided_by_the_speed(builds: Builds) -> None:
    """Five minutes by the rehearsal's clock would be five seconds."""
    build = builds.run("sleep 6", project={"timeoutInMinutes": 5})
    assert (builds.aws.clock.speed, build["buildStatus"]) == (60, "SUCCEEDED")


def test_a_stopped_build_takes_all_its_processes_with_it(builds: Builds, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuild.html"""
    here = tmp_path / "ids"
    build = builds.start(builds.project(spec(f"(sleep 600 & echo $! > {here}; sleep 600 & echo $! >> {here}; wait)")))
    wait_for(lambda: _ids(here), lambda ids: len(ids) == 2)
    stopped = call(builds.client, "StopBuild", id=build)["build"]
    assert (stopped["buildStatus"], statuses(stopped)["BUILD"]) == ("STOPPED", "STOPPED")
    assert [pid for pid in _ids(here) if _running(pid)] == []


def test_what_a_build_left_running_ends_with_it(builds: Builds, tmp_path: Path) -> None:
    here = tmp_path / "ids"
    build = builds.run(f"sleep 600 & echo $! > {here}")
    assert build["buildStatus"] == "SUCCEEDED"
    assert [pid for pid in _ids(here) if _running(pid)] == []


def test_leaving_the_local_aws_ends_its_builds(tmp_path: Path) -> None:
    """In a process of its own: it starts the AWS, a build in it, and leaves."""
    command = [sys.executable, str(Path(__file__).with_name("one_build.py")), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert [pid for pid in json.loads(done.stdout.splitlines()[-1]) if _running(pid)] == []


def test_stopping_a_build_that_is_over_changes_nothing(builds: Builds) -> None:
    build = builds.run("true")
    assert builds.client.stop_build(id=build["id"])["build"]["buildStatus"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("buildspec", "said"),
    [
        ("version: 0.2\nphases: [\n", "expected the node content"),
        ({"version": 0.2}, "phases: a mapping is expected, not null"),
        (spec("true", env={"variables": {"A": {"b": "c"}}}), "env/variables: a mapping of texts is expected"),
        ({"version": 0.1, "phases": {}}, "invalid buildspec version: 0.1"),
        ({"version": 0.2, "phases": {}, "enviroment": {}}, "unknown key enviroment; known are artifacts, cache, env"),
        ({"version": 0.2, "phases": {"biuld": {}}}, "Invalid buildspec phase name: biuld. Expecting: build,install"),
        ("version: 0.2\nphases:\n  build:\n    commands:\n      - echo a: b\n", "Expected [0] to be of string type"),
        ({"version": 0.2, "phases": {"build": {}}}, "phases/build/commands: at least one command is required"),
        (
            {"version": 0.2, "run-as": "someone", "phases": {}},
            "buildspec/run-as is known to CodeBuild, but not imitated",
        ),
        (spec(phases={"build": {"commands": ["true"], "run-as": "x"}}), "phases/build/run-as is known to CodeBuild"),
        (spec(phases={"build": {"commands": ["true"], "on-failure": "RETRY"}}), "phases/build/on-failure is RETRY"),
        (spec("true", env={"shell": "powershell.exe"}), "env/shell is powershell.exe"),
        (spec("true", artifacts={"files": []}), "artifacts/files: at least one location is required"),
    ],
)
def test_a_bad_buildspec_fails_before_any_command(builds: Builds, buildspec: Any, said: str) -> None:
    """YAML_FILE_ERROR, https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html"""
    build = builds.ended(builds.start(builds.project(buildspec)))
    assert (build["buildStatus"], statuses(build)["DOWNLOAD_SOURCE"]) == ("FAILED", "FAILED")
    code, message = context(build, "DOWNLOAD_SOURCE")
    assert code == "YAML_FILE_ERROR"
    assert said in message
    assert "INSTALL" not in statuses(build)


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        ({"imageOverride": "mine"}, "InvalidInputException", "imageOverride: not imitated here"),
        ({"timeoutInMinutesOverride": 2161}, "InvalidInputException", "5 to 2160 minutes"),
        ({"sourceTypeOverride": "CODEPIPELINE"}, "InvalidInputException", "only NO_SOURCE is imitated here"),
        ({"buildspecOverride": "build.yml"}, "InvalidInputException", "A buildspec is required"),
        ({"projectName": "nothing"}, "ResourceNotFoundException", "Project cannot be found: arn:aws:codebuild:"),
    ],
)
def test_what_cannot_be_built_is_refused(builds: Builds, request_: dict[str, Any], code: str, said: str) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html#API_StartBuild_Errors"""
    with pytest.raises(builds.client.exceptions.ClientError, match=said) as refused:
        builds.client.start_build(**{"projectName": builds.project(spec("true")), **request_})
    assert refused.value.response["Error"]["Code"] == code


def test_a_build_that_runs_is_not_deleted(builds: Builds) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchDeleteBuilds.html"""
    build = builds.start(builds.project(spec("sleep 600")))
    kept = call(builds.client, "BatchDeleteBuilds", ids=[build])["buildsNotDeleted"]
    builds.client.stop_build(id=build)
    deleted = call(builds.client, "BatchDeleteBuilds", ids=[build])["buildsDeleted"]
    assert (kept, deleted) == ([{"id": build, "statusCode": "BUILD_IN_PROGRESS"}], [build])


def _running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _ids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []

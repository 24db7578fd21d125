"""How builds end, also before their end, and what they leave: artifacts, and the cache of their project.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts
https://docs.aws.amazon.com/codebuild/latest/userguide/build-caching.html
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from local_aws.codebuild import builds as started
from local_aws.codebuild import endings
from tests.local_aws.codebuild.sample_builds import Builds, context, spec, statuses
from tests.local_aws.contracts import call
from tests.local_aws.ecs.sample_services import wait_for


def test_a_build_that_takes_too_long_is_timed_out(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    """`timeoutInMinutes`, https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html: five at least."""
    monkeypatch.setattr(endings, "MINUTE", 0.1)
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


FILES = ("my-build1/my-file1.txt", "my-build2/my-file2.txt", "my-build2/my-subdirectory/my-file3.txt", ".hidden")
CACHE = {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
PATHS = {"paths": ["kept/**/*", "/root/.tool/**/*"]}
# Says what it finds, then makes it.
COUNTED = (
    "found=$(find kept -not -type d 2>/dev/null | sort; cd ~ && find .tool -type f 2>/dev/null | sed s,^,home/,)",
    'echo ${found:-nothing}; if [ "$found" ]; then readlink kept/link; exit 0; fi',
    "mkdir -p kept/deep ~/.tool && touch kept/one kept/deep/file ~/.tool/one other && ln -sf one kept/link",
)


@pytest.fixture
def sources(tmp_path: Path) -> started.Sources:
    """The example of the page, and one more."""
    folder = tmp_path / "source"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return started.Sources(folder, {})


@pytest.mark.parametrize(
    ("artifacts", "found"),
    [
        ({"files": ["my-build1/my-file1.txt"]}, {"my-build1/my-file1.txt"}),
        ({"files": ["my-build1/my-file1.txt"], "discard-paths": "yes"}, {"my-file1.txt"}),
        ({"files": "**/*"}, {*FILES, "built"}),
        ({"files": ["my-build2/*"]}, {"my-build2/my-file2.txt"}),
        ({"files": ["my-build2/**/*"]}, {FILES[1], FILES[2]}),
        ({"files": ["*/my-file3.txt"], "base-directory": "my-build2"}, {"my-subdirectory/my-file3.txt"}),
        (
            {"files": ["**/*"], "base-directory": "my-build*", "discard-paths": True},
            {"my-file1.txt", "my-file2.txt", "my-file3.txt"},
        ),
        ({"files": ["**/*"], "exclude-paths": ["my-build2/**/*", ".hidden"]}, {FILES[0], "built"}),
        ({"files": ["built", "missing"], "name": "a-name"}, {"built"}),
    ],
)
def test_artifacts_are_what_the_locations_say(
    builds: Builds, sources: started.Sources, artifacts: Mapping[str, Any], found: set[str]
) -> None:
    build = _ended(builds, sources, artifacts)
    assert build["buildStatus"] == "SUCCEEDED"
    assert {name: set(_files(folder)) for name, folder in started.artifacts(build["id"]).items()} == {"": found}


def test_secondary_artifacts_are_known_by_their_identifiers(builds: Builds, sources: started.Sources) -> None:
    second = {"one": {"files": ["built"]}, "Two_2": {"files": ["*.txt"], "base-directory": "my-build1"}}
    build = _ended(builds, sources, {"files": [".hidden"], "secondary-artifacts": second})
    files = {name: _files(folder) for name, folder in started.artifacts(build["id"]).items()}
    assert files == {
        "": {".hidden": ".hidden"},
        "one": {"built": "now\n"},
        "Two_2": {"my-file1.txt": "my-build1/my-file1.txt"},
    }


@pytest.mark.parametrize(
    ("artifacts", "said"),
    [
        ({"files": ["missing"]}, "no matching artifact paths found"),
        ({"files": ["../*"]}, "no matching artifact paths found"),
        ({"files": ["*"], "base-directory": "missing"}, "no matching base directory path found for missing"),
        ({"secondary-artifacts": {"one": {"files": ["missing"]}}}, "no matching artifact paths found"),
    ],
)
def test_an_artifact_of_nothing_fails_the_build(
    builds: Builds, sources: started.Sources, artifacts: Mapping[str, Any], said: str
) -> None:
    """CLIENT_ERROR, https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html"""
    build = _ended(builds, sources, artifacts)
    assert (build["buildStatus"], context(build, "UPLOAD_ARTIFACTS")) == ("FAILED", ("CLIENT_ERROR", said))


def test_artifacts_are_attempted_after_a_failed_build_and_nobody_gets_them(
    builds: Builds, sources: started.Sources
) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html#view-build-details-phases"""
    build = _ended(builds, sources, {"files": ["built"]}, "false")
    assert (build["buildStatus"], statuses(build)["UPLOAD_ARTIFACTS"]) == ("FAILED", "SUCCEEDED")
    with pytest.raises(LookupError, match="is FAILED: only a build that succeeded has artifacts"):
        started.artifacts(build["id"])


def test_what_the_paths_of_the_cache_say_is_there_in_the_next_build(builds: Builds) -> None:
    """Of the source, and of the home that is /root in CodeBuild's images; nothing else is."""
    project = builds.project(spec(*COUNTED, cache=PATHS), cache=CACHE)
    first, second = (builds.log(builds.ended(builds.start(project))) for _ in range(2))
    assert first == ["nothing"]
    assert second == ["kept/deep/file kept/link kept/one home/.tool/one", "one"]


def test_a_build_that_failed_leaves_the_cache_as_it_was(builds: Builds) -> None:
    project = builds.project(spec(*COUNTED, cache=PATHS), cache=CACHE)
    bad = spec("mkdir -p kept && touch kept/bad", "false", cache=PATHS)
    ended = [
        builds.ended(builds.start(project, **request)) for request in ({}, {"buildspecOverride": json.dumps(bad)}, {})
    ]
    assert [build["buildStatus"] for build in ended] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert builds.log(ended[2])[0] == "kept/deep/file kept/link kept/one home/.tool/one"


@pytest.mark.parametrize("cache", [None, {"type": "NO_CACHE"}, {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]}])
def test_without_a_cache_in_the_project_nothing_is_kept(builds: Builds, cache: Mapping[str, Any] | None) -> None:
    settings: dict[str, Any] = {"cache": cache} if cache else {}
    project = builds.project(spec(*COUNTED, cache=PATHS), **settings)
    logs = [builds.log(builds.ended(builds.start(project))) for _ in range(2)]
    assert logs == [["nothing"]] * 2


def test_no_project_sees_the_cache_of_another(builds: Builds) -> None:
    projects = [builds.project(spec(*COUNTED, cache=PATHS), cache=CACHE) for _ in range(2)]
    assert [builds.log(builds.ended(builds.start(project))) for project in projects] == [["nothing"]] * 2


def _ended(builds: Builds, sources: started.Sources, artifacts: Mapping[str, Any], *more: str) -> dict[str, Any]:
    project = builds.project(spec("echo now > built", *more, artifacts=artifacts), source="CODEPIPELINE")
    return builds.ended(started.start(project, sources, initiator="codepipeline/mine"))


def _files(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_text() for file in files}

"""What a build leaves: artifacts, and the cache of its project.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts
https://docs.aws.amazon.com/codebuild/latest/userguide/build-caching.html
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local_aws.codebuild import builds as started
from tests.local_aws.codebuild.sample_builds import Builds, context, spec, statuses

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
    found = {name: _files(folder) for name, folder in started.artifacts(build["id"]).items()}
    assert found == {
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
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_text() for file in found}

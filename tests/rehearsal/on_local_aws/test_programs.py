"""The programs that CodeBuild's image has and this machine may lack: docker, as `release/images/image.py` asks it.

https://docs.docker.com/reference/cli/docker/buildx/
"""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from local_aws.codebuild import builds as started
from local_aws.ecr.images import pull
from rehearsal.build import build as built
from rehearsal.commands import ROOT
from tests.local_aws.codebuild.sample_builds import Builds, spec
from tests.local_aws.ecr.sample_images import ACCOUNT_REGISTRY

PROGRAM = f"""\
cat > program.py <<'END'
import os, pathlib
from release.images.image import Docker
docker, one, two = Docker(), os.environ["ONE"], os.environ["TWO"]
docker.log_in("{ACCOUNT_REGISTRY}", "a-password")
assert docker.digest(f"{{one}}:v1") is None
digest = docker.build(pathlib.Path("."), "engine", f"{{one}}:v1")
docker.copy(f"{{one}}@{{digest}}", f"{{two}}:v1")
assert docker.digest(f"{{one}}:v1") == docker.digest(f"{{two}}:v1") == digest
pathlib.Path("digest").write_text(digest)
pathlib.Path("sbom.json").write_text(docker.sbom(f"{{two}}@{{digest}}"))
END
PYTHONPATH={ROOT} python program.py
"""
Pushed = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def pushed(builds: Builds, tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    """Where a build has pushed an engine to, its digest, and the list of what it consists of."""
    names = [f"exchange-engine-{uuid.uuid4().hex[:7]}" for _ in range(2)]
    for name in names:
        builds.aws.client("ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    one, two = (f"{ACCOUNT_REGISTRY}/{name}" for name in names)
    source = tmp_path_factory.mktemp("source")
    (source / "release.json").write_text("{}")
    written = spec("docker buildx create --use", PROGRAM, artifacts={"files": ["digest", "sbom.json"]})
    project = builds.project(written, source="CODEPIPELINE", variables={"ONE": one, "TWO": two})
    build = builds.ended(started.start(project, started.Sources(source, {}), initiator="codepipeline/mine"))
    assert build["buildStatus"] == "SUCCEEDED", builds.log(build)
    folder = started.artifacts(build["id"])[""]
    return two, (folder / "digest").read_text(), json.loads((folder / "sbom.json").read_text())


def test_an_image_is_built_pushed_and_copied_under_one_digest(pushed: Pushed) -> None:
    repository, digest, _ = pushed
    assert digest == built("engine", "v1").digest
    assert pull(f"{repository}@{digest}").digest == pull(f"{repository}:v1").digest == digest


def test_the_list_of_an_image_names_every_file_that_is_in_it(pushed: Pushed) -> None:
    """https://docs.docker.com/build/metadata/attestations/sbom/, https://spdx.github.io/spdx-spec/v2.3/"""
    repository, digest, statement = pushed
    inside = _sums(pull(f"{repository}@{digest}").root)
    assert "app/bin/engine" in inside
    assert {one["name"]: one["digest"]["sha256"] for one in statement["subject"]} == inside
    document = statement["predicate"]
    listed = {one["fileName"].removeprefix("./"): one["checksums"][1]["checksumValue"] for one in document["files"]}
    assert (statement["predicateType"], document["spdxVersion"]) == ("https://spdx.dev/Document", "SPDX-2.3")
    assert listed == inside


def test_the_list_has_one_package_the_component_and_nothing_that_is_not_there(pushed: Pushed) -> None:
    _, digest, statement = pushed
    (package,) = statement["predicate"]["packages"]
    release = built("engine", "v1").release
    assert (package["name"], package["versionInfo"]) == ("engine", release["commit"])
    assert f"sha256:{package['checksums'][0]['checksumValue']}" == digest


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run image", "['run', 'image'] is not known here"),
        (f"buildx imagetools inspect {ACCOUNT_REGISTRY}/a:b --format '{{{{json .Manifest}}}}'", "not logged in to"),
        ("buildx build --platform linux/arm64 --provenance false .", "neither --push nor --output"),
        ("buildx build --platform linux/amd64 --provenance false --push .", "only linux/arm64"),
    ],
)
def test_docker_fails_at_what_it_does_not_do(builds: Builds, words: str, said: str) -> None:
    build = builds.run(f"docker {words}")
    assert build["buildStatus"] == "FAILED"
    assert said in "\n".join(builds.log(build))


def _sums(root: Path) -> dict[str, str]:
    files = (file for file in root.rglob("*") if file.is_file())
    return {file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

"""Images of the stand-in exchange: built from a version or from the monorepo that a push begins in, and pushed."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from rehearsal.build import build, build_folder
from rehearsal.git_repositories import Monorepo
from rehearsal.registry import push
from settings.loading import load_settings

COMPONENTS = ["backend", "client", "engine", "kafka"]


def _files(component: str, **options: str) -> dict[str, tarfile.TarInfo]:
    image = build(component, "1.2.3", **options)
    found = {}
    for layer in image.layers:
        with tarfile.open(fileobj=io.BytesIO(layer.content)) as archive:
            found.update({entry.name: entry for entry in archive.getmembers()})
    return found


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_same_version_has_the_same_digest(component: str) -> None:
    assert build(component, "1.2.3").digest == build(component, "1.2.3").digest


def test_another_version_or_another_fault_has_another_digest() -> None:
    digests = {build("client", "1").digest, build("client", "2").digest, build("client", "2", fault="slow").digest}
    assert len(digests) == 3


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_image_holds_its_programs_executable_and_its_manifest(component: str) -> None:
    files = _files(component)
    check = "opt/kafka/bin/kafka-broker-api-versions.sh" if component == "kafka" else "app/bin/healthcheck"
    assert files[check].mode == 0o755
    assert {"app/version.json", "app/release.json"} <= files.keys()
    assert all(entry.mode == 0o755 for name, entry in files.items() if name.startswith("app/bin/"))


def test_nothing_of_the_building_machine_is_in_a_layer() -> None:
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in _files("backend").values()} == {(0, 0, 0, "")}


def test_the_manifest_describes_every_blob() -> None:
    image = build("engine", "1.2.3")
    manifest = json.loads(image.manifest.content)
    config = json.loads(image.config.content)
    assert [layer["digest"] for layer in manifest["layers"]] == config["rootfs"]["diff_ids"]
    assert (config["architecture"], config["os"], config["config"]["WorkingDir"]) == ("arm64", "linux", "/app")
    assert image.release["digest"] == image.digest


def test_a_fault_that_the_component_cannot_have_is_refused() -> None:
    with pytest.raises(ValueError, match="fault 'slow' of engine: allowed are crash-at-start"):
        build("engine", "1.2.3", fault="slow")


class FakeEcr:
    """Keeps what is pushed; a part holds at most 4,000 bytes, so that layers need several."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self._upload = b""

    def batch_check_layer_availability(self, *, layerDigests: list[str], **_: str) -> dict[str, Any]:  # noqa: N803
        return {
            "layers": [{"layerAvailability": "AVAILABLE" if d in self.blobs else "UNAVAILABLE"} for d in layerDigests]
        }

    def initiate_layer_upload(self, **_: str) -> dict[str, Any]:
        self._upload = b""
        return {"uploadId": "upload", "partSize": 4000}

    def upload_layer_part(self, **part: Any) -> None:
        assert part["partFirstByte"] == len(self._upload)
        self._upload += part["layerPartBlob"]
        assert part["partLastByte"] == len(self._upload) - 1

    def complete_layer_upload(self, *, layerDigests: list[str], **_: str) -> None:  # noqa: N803
        self.blobs[layerDigests[0]] = self._upload

    def batch_get_image(self, *, imageIds: list[dict[str, str]], **_: str) -> dict[str, Any]:  # noqa: N803
        wanted = [image["imageTag"] for image in imageIds]
        return {
            "images": [{"imageId": {"imageDigest": self.images[tag]["digest"]}} for tag in wanted if tag in self.images]
        }

    def put_image(self, **image: Any) -> dict[str, Any]:
        assert image["imageTag"] not in self.images, "tags are immutable"
        digest = "sha256:" + hashlib.sha256(image["imageManifest"].encode()).hexdigest()
        self.images[image["imageTag"]] = image | {"digest": digest}
        return {"image": {"imageId": {"imageDigest": digest}}}


def test_every_blob_arrives_whole_and_the_registry_names_the_digest() -> None:
    ecr, image = FakeEcr(), build("client", "1.0.0")
    assert push(ecr, "repository", image) == image.digest == ecr.images["1.0.0"]["digest"]
    assert ecr.blobs == {blob.digest: blob.content for blob in (image.config, *image.layers)}
    assert ecr.images["1.0.0"]["imageManifest"].encode() == image.manifest.content


def test_f7_a_tag_is_never_moved_and_pushing_again_changes_nothing() -> None:
    ecr, image = FakeEcr(), build("client", "1.0.0")
    push(ecr, "repository", image)
    before = dict(ecr.images)
    assert push(ecr, "repository", image) == image.digest
    assert ecr.images == before


def test_layers_that_the_registry_has_are_not_sent_again() -> None:
    ecr = FakeEcr()
    push(ecr, "repository", build("client", "1.0.0"))
    before = set(ecr.blobs)
    push(ecr, "repository", build("client", "2.0.0"))
    assert len(set(ecr.blobs) - before) == 2  # the configuration and the component's own layer; the shared one stays


PATHS = {name: component.path for name, component in load_settings("prod2").components.items()}


@pytest.fixture
def monorepo(tmp_path: Path) -> Monorepo:
    made = Monorepo(tmp_path / "monorepo", PATHS)
    made.write_all("1.0.0")
    return made


def suite(monorepo: Monorepo, component: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "unittest", "suite"]
    folder, environment = monorepo.path(component), {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def test_each_push_is_a_commit_of_the_branch(monorepo: Monorepo) -> None:
    first = monorepo.push("the exchange")
    monorepo.set_version("client", "2.0.0")
    second = monorepo.push("another client")
    listed = subprocess.run(  # noqa: S603
        ["git", "-C", str(monorepo.folder), "rev-list", "main"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout.split() == [second, first]


@pytest.mark.parametrize("component", PATHS)
def test_the_image_of_a_folder_is_that_of_this_projects_sources(monorepo: Monorepo, component: str) -> None:
    assert build_folder(monorepo.path(component), component, "a-tag").digest == build(component, "1.0.0").digest


@pytest.mark.parametrize("component", PATHS)
def test_the_components_own_suites_pass_and_can_fail(monorepo: Monorepo, component: str) -> None:
    passed = suite(monorepo, component)
    assert passed.returncode == 0, passed.stderr
    broken = {"backend": "backend/stores.py", "client": "client/client/bundle.py", "engine": "engine/engine/book.py"}
    monorepo.change(
        broken[component], lambda text: text.replace("<", ">").replace('"js"', '"txt"').replace("+= 1", "+= 2")
    )
    assert suite(monorepo, component).returncode == 1


def test_what_was_broken_is_in_the_image(monorepo: Monorepo) -> None:
    monorepo.set_version("client", "2.0.0", fault="errors-for-a-fifth")
    made = build_folder(monorepo.path("client"), "client", "a-tag")
    assert made.digest == build("client", "2.0.0", fault="errors-for-a-fifth").digest

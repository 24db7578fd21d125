"""Images of the stand-in exchange."""

import io
import json
import tarfile

import pytest

from rehearsal.build import build

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

"""Pushing images."""

import hashlib
from typing import Any

from rehearsal.build import build
from rehearsal.registry import push


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

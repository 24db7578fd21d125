"""Pushes images and pulls them through the ECR API, as `docker` does behind its own protocol.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_InitiateLayerUpload.html and
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
"""

import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.build import Blob, Image


def push(ecr: Any, repository: str, image: Image) -> str:
    """The digest under which the image can be pulled; its tag is the version. Pushing it again changes nothing."""
    if _tagged(ecr, repository, image.version) == image.digest:
        return image.digest
    return push_blobs(ecr, repository, image.version, image.manifest, (image.config, *image.layers))


def push_blobs(ecr: Any, repository: str, tag: str, manifest: Blob, blobs: Iterable[Blob]) -> str:
    """The digest of the manifest, once everything that it names is there."""
    for blob in blobs:
        if not _present(ecr, repository, blob.digest):
            _upload(ecr, repository, blob)
    answer = ecr.put_image(
        repositoryName=repository,
        imageManifest=manifest.content.decode(),
        imageManifestMediaType=manifest.media_type,
        imageTag=tag,
    )
    return str(answer["image"]["imageId"]["imageDigest"])


def _tagged(ecr: Any, repository: str, tag: str) -> str | None:
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    return found[0]["imageId"]["imageDigest"] if found else None


def _present(ecr: Any, repository: str, digest: str) -> bool:
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
    return any(layer["layerAvailability"] == "AVAILABLE" for layer in answer["layers"])


def _upload(ecr: Any, repository: str, blob: Blob) -> None:
    begun = ecr.initiate_layer_upload(repositoryName=repository)
    size = begun["partSize"]
    for first in range(0, len(blob.content), size):
        part = blob.content[first : first + size]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=begun["uploadId"],
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=begun["uploadId"], layerDigests=[blob.digest])


@dataclass(frozen=True)
class Pulled:
    """Its layers as they were pushed, the lowest first; `config` is the image's configuration, `manifest` names both.

    `blobs` are the two together, as the registry has them.
    """

    repository: str
    digest: str
    config: dict[str, Any]
    layers: tuple[bytes, ...]
    manifest: Blob
    blobs: tuple[Blob, ...]

    def files(self) -> dict[str, bytes]:
        """Every file by its path: an upper layer's counts."""
        found: dict[str, bytes] = {}
        for layer in self.layers:
            found |= dict(_files(layer))
        return dict(sorted(found.items()))

    def unpack(self, folder: Path) -> None:
        """Its file system; the `tar` filter refuses paths that leave the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as archive:
                archive.extractall(folder, filter="tar")


def pull(ecr: Any, repository: str, digest: str) -> Pulled:
    """LookupError when the repository has no such image, ValueError when a layer is not what its digest says."""
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    if not answer["images"]:
        raise LookupError("not found")
    written = answer["images"][0]["imageManifest"]
    manifest = json.loads(written)
    config, *layers = [
        Blob(part["mediaType"], _blob(ecr, repository, part["digest"]))
        for part in (manifest["config"], *manifest["layers"])
    ]
    return Pulled(
        repository,
        digest,
        json.loads(config.content),
        tuple(layer.content for layer in layers),
        Blob(manifest["mediaType"], written.encode()),
        (config, *layers),
    )


def _blob(ecr: Any, repository: str, digest: str) -> bytes:
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  (the registry's own)
        content: bytes = answer.read()
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ValueError(f"{repository}: the layer {digest} is {found}")
    return content


def _files(layer: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is not None:
                yield entry.name, content.read()

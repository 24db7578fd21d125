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
    """Push an image, tagged with its version; return its digest. Pushing it again changes nothing."""
    if _tagged(ecr, repository, image.version) == image.digest:
        return image.digest
    return push_blobs(ecr, repository, image.version, image.manifest, (image.config, *image.layers))


def push_blobs(ecr: Any, repository: str, tag: str, manifest: Blob, blobs: Iterable[Blob]) -> str:
    """Push the blobs that are missing, then the manifest that names them; return the manifest's digest."""
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
    images = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    return images[0]["imageId"]["imageDigest"] if images else None


def _present(ecr: Any, repository: str, digest: str) -> bool:
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
    return any(layer["layerAvailability"] == "AVAILABLE" for layer in answer["layers"])


def _upload(ecr: Any, repository: str, blob: Blob) -> None:
    upload = ecr.initiate_layer_upload(repositoryName=repository)
    size = upload["partSize"]
    for first in range(0, len(blob.content), size):
        part = blob.content[first : first + size]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload["uploadId"],
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload["uploadId"], layerDigests=[blob.digest])


@dataclass(frozen=True)
class Pulled:
    """An image that was pulled.

    `layers` are as they were pushed, the lowest first; `config` is the image's configuration; `manifest` names both.
    `blobs` are configuration and layers as the registry has them.
    """

    repository: str
    digest: str
    config: dict[str, Any]
    layers: tuple[bytes, ...]
    manifest: Blob
    blobs: tuple[Blob, ...]

    def files(self) -> dict[str, bytes]:
        """Return path -> content of every file; of two with one path, the upper layer's."""
        files: dict[str, bytes] = {}
        for layer in self.layers:
            files |= dict(_files(layer))
        return dict(sorted(files.items()))

    def unpack(self, folder: Path) -> None:
        """Write the image's files into a folder; the `tar` filter refuses paths that leave it."""
        folder.mkdir(parents=True, exist_ok=True)
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as archive:
                archive.extractall(folder, filter="tar")


def pull(ecr: Any, repository: str, digest: str) -> Pulled:
    """Return the image with this digest.

    LookupError if the repository has no such image, ValueError if a layer is not what its digest says.
    """
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    if not answer["images"]:
        raise LookupError("not found")
    text = answer["images"][0]["imageManifest"]
    manifest = json.loads(text)
    config, *layers = [
        Blob(part["mediaType"], _blob(ecr, repository, part["digest"]))
        for part in (manifest["config"], *manifest["layers"])
    ]
    return Pulled(
        repository,
        digest,
        json.loads(config.content),
        tuple(layer.content for layer in layers),
        Blob(manifest["mediaType"], text.encode()),
        (config, *layers),
    )


def _blob(ecr: Any, repository: str, digest: str) -> bytes:
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  (the registry's own)
        content: bytes = answer.read()
    actual = "sha256:" + hashlib.sha256(content).hexdigest()
    if actual != digest:
        raise ValueError(f"{repository}: the layer {digest} is {actual}")
    return content


def _files(layer: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is not None:
                yield entry.name, content.read()

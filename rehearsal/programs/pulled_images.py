"""An image as its registry has it, pulled through the ECR API.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
"""

import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.build import Blob


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

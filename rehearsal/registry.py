"""Pushes images through the ECR API, as `docker push` does behind its own protocol.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_InitiateLayerUpload.html
"""

from collections.abc import Iterable
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

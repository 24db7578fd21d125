"""ECR that keeps what is pushed: layers by digest, manifests only over layers that are there.

`pull` unpacks an image into a folder that a task can run in.
"""

import base64
import hashlib
import io
import json
import re
import shutil
import tarfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from local_aws.clock import Clock
from local_aws.host import workplace
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record, RefusedError, answered, checked, new_uuid, request_scope
from local_aws.ministack_parts.services import ecr

_REFERENCE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^@:]+)"
    r"(@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[\w.-]+))?"
)
_lock = threading.Lock()


class PullError(RuntimeError):
    """The image is not there; the text is what ECS reports after `CannotPullContainerError:`."""


@dataclass(frozen=True)
class Image:
    """An unpacked image: its file system, its digest and its configuration's `config` object (Env, Cmd, ...)."""

    root: Path
    digest: str
    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.config.get("Env") or [])

    @property
    def working_directory(self) -> PurePosixPath:
        return PurePosixPath(self.config.get("WorkingDir") or "/").relative_to("/")

    @property
    def command(self) -> list[str]:
        return [*(self.config.get("Entrypoint") or []), *(self.config.get("Cmd") or [])]


def pull(reference: str) -> Image:
    """Unpack, once, the image that `<account>.dkr.ecr.<region>.amazonaws.com/<name>@sha256:...` names."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise PullError(f"{reference} is not in this account's registry, and there is no other one here")
    with request_scope(match["account"], match["region"]):
        wanted = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
        image = ecr.find_image(match["name"], wanted)
        if image is None:
            raise PullError(f"failed to resolve ref {reference}: not found")
        return _unpacked(match["name"], image["imageDigest"], json.loads(image["imageManifest"]))


def _unpacked(repository: str, digest: str, manifest: dict[str, Any]) -> Image:
    blobs = ecr.layers.get(repository, {})
    config = json.loads(blobs[manifest["config"]["digest"]]).get("config") or {}
    root = workplace.current().images / digest.removeprefix("sha256:")
    with _lock:
        if not root.exists():
            partial = root.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for layer in manifest["layers"]:
                _extract(blobs[layer["digest"]], partial)
            partial.rename(root)
    return Image(root=root, digest=digest, config=config)


def _extract(layer: bytes, root: Path) -> None:
    """Unpack a tar, plain or gzip; the `tar` filter refuses paths that leave the folder."""
    try:
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as archive:
            archive.extractall(root, filter="tar")
    except tarfile.TarError as error:
        raise PullError(f"failed to register layer: {error}") from error


PART_SIZE = 10 * 1024 * 1024


def install(_clock: Clock) -> None:
    """Replace the actions on layers, and add the refusals that ministack's other actions lack."""
    ecr.initiate_layer_upload.replace(answered(initiate_layer_upload))
    ecr.upload_layer_part.replace(answered(upload_layer_part))
    ecr.complete_layer_upload.replace(answered(complete_layer_upload))
    ecr.batch_check_layer_availability.replace(answered(batch_check_layer_availability))
    ecr.get_download_url_for_layer.replace(answered(get_download_url_for_layer))
    ecr.put_image.wrap(lambda stock: checked(check_manifest, stock))
    ecr.describe_images.wrap(lambda stock: checked(check_images, stock))


def initiate_layer_upload(request: Record) -> Record:
    upload = new_uuid()
    ecr.uploads.setdefault(repository_of(request), {})[upload] = bytearray()
    return {"uploadId": upload, "partSize": PART_SIZE}


def upload_layer_part(request: Record) -> Record:
    received = _upload(request)
    part = base64.b64decode(request["layerPartBlob"])
    first, last = int(request["partFirstByte"]), int(request["partLastByte"])
    if first != len(received) or last - first + 1 != len(part):
        problem = f"bytes {first} to {last} do not follow the {len(received)} received, or are not {len(part)}"
        raise RefusedError("InvalidLayerPartException", f"The layer part is not valid: {problem}")
    received.extend(part)
    return _names(request) | {"uploadId": request["uploadId"], "lastByteReceived": last}


def complete_layer_upload(request: Record) -> Record:
    name, received = repository_of(request), bytes(_upload(request))
    if not received:
        raise RefusedError("EmptyUploadException", "The upload contains no layer parts")
    digest = _digest(received)
    if digest not in request["layerDigests"]:
        problem = f"the digest is {digest}, not {', '.join(request['layerDigests'])}"
        raise RefusedError("InvalidLayerException", f"The layer is not valid: {problem}")
    with _lock:
        ecr.uploads[name].pop(request["uploadId"], None)
        if digest in layers(name):
            problem = f"The layer with digest '{digest}' already exists in the repository with name '{name}'"
            raise RefusedError("LayerAlreadyExistsException", problem)
        ecr.layers.setdefault(name, {})[digest] = received
    return _names(request) | {"uploadId": request["uploadId"], "layerDigest": digest}


def batch_check_layer_availability(request: Record) -> Record:
    held = layers(repository_of(request))
    layers_held = [
        {
            "layerDigest": digest,
            "layerAvailability": "AVAILABLE" if digest in held else "UNAVAILABLE",
            "layerSize": len(held.get(digest, b"")),
        }
        for digest in request["layerDigests"]
    ]
    return {"layers": layers_held, "failures": []}


def get_download_url_for_layer(request: Record) -> Record:
    name, digest = repository_of(request), request["layerDigest"]
    _require(name, [digest])
    return {"downloadUrl": f"{embedding.endpoint()}/v2/{name}/blobs/{digest}", "layerDigest": digest}


def check_manifest(request: Record) -> None:
    """Refuse a manifest that is not of its digest, or whose configuration and layers are not there."""
    name, text = repository_of(request), request["imageManifest"]
    try:
        manifest = json.loads(text)
        needed = [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError("InvalidParameterException", f"imageManifest is not an image manifest: {error!r}") from error
    _require(name, needed)
    actual = _digest(text.encode())
    if request.get("imageDigest", actual) != actual:
        message = f"imageDigest is {request['imageDigest']}, the manifest's is {actual}"
        raise RefusedError("ImageDigestDoesNotMatchException", message)


def check_images(request: Record) -> None:
    """Refuse a request for an image that is not there, where ministack answers with an empty list."""
    name = repository_of(request)
    for wanted in request.get("imageIds") or []:
        image_of(name, wanted)


def image_of(repository: str, image_id: Record) -> Record:
    """Return the record of an image; RefusedError when the repository does not hold it."""
    image = ecr.find_image(repository, image_id)
    if image is None:
        message = f"The image with imageId {json.dumps(image_id)} does not exist within the repository '{repository}'"
        raise RefusedError("ImageNotFoundException", message)
    return image


def layers(repository: str) -> Mapping[str, bytes]:
    """Return the layers and configurations that this repository holds, by digest."""
    return ecr.layers.get(repository, {})


def _require(repository: str, digests: list[str]) -> None:
    missing = [digest for digest in digests if digest not in layers(repository)]
    if missing:
        message = f"The layers {missing} could not be found in the repository with name '{repository}'"
        raise RefusedError("LayersNotFoundException", message)


def repository_of(request: Record) -> str:
    """Return the name of the repository that a request names; RefusedError when there is none."""
    name = str(request.get("repositoryName", ""))
    if name not in ecr.repositories:
        message = f"The repository with name '{name}' does not exist in the registry"
        raise RefusedError("RepositoryNotFoundException", message)
    return name


def _upload(request: Record) -> bytearray:
    upload: bytearray | None = ecr.uploads.get(repository_of(request), {}).get(request["uploadId"])
    if upload is None:
        raise RefusedError("UploadNotFoundException", f"The upload with id '{request['uploadId']}' could not be found")
    return upload


def _names(request: Record) -> dict[str, str]:
    return {"registryId": ecr.registry_id(), "repositoryName": request["repositoryName"]}


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()

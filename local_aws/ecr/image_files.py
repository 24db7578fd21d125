"""From an image in the local ECR to a folder that a task can run in."""

import io
import json
import re
import shutil
import tarfile
import threading
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from local_aws.host import workplace
from local_aws.ministack_parts.responses import request_scope
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
    """The image that `<account>.dkr.ecr.<region>.amazonaws.com/<name>@sha256:...` names, unpacked once."""
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
    """Unpacks a tar, plain or gzip; the `tar` filter refuses paths that leave the folder."""
    try:
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as archive:
            archive.extractall(root, filter="tar")
    except tarfile.TarError as error:
        raise PullError(f"failed to register layer: {error}") from error

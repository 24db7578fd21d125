"""Small images, pushed through the ECR API."""

import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.local_aws.ecs.programs import ALIVE, SERVER

ACCOUNT_REGISTRY = "000000000000.dkr.ecr.us-west-2.amazonaws.com"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Registry:
    """Pushes images made of a few files under /app."""

    ecr: Any

    def repository(self) -> str:
        name = f"repository-{uuid.uuid4().hex[:8]}"
        self.ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
        return name

    def upload(self, repository: str, content: bytes) -> str:
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        upload = self.ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
        self.ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload,
            partFirstByte=0,
            partLastByte=len(content) - 1,
            layerPartBlob=content,
        )
        with suppress(self.ecr.exceptions.LayerAlreadyExistsException):
            self.ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
        return digest

    def push(self, repository: str, files: Mapping[str, str], command: Sequence[str], **environment: str) -> str:
        """The digest of the image."""
        config = {
            "WorkingDir": "/app",
            "Cmd": list(command),
            "Env": [f"{key}={value}" for key, value in environment.items()],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._part(repository, json.dumps({"config": config}).encode()),
            "layers": [self._part(repository, layer(files))],
        }
        answer = self.ecr.put_image(
            repositoryName=repository, imageManifest=json.dumps(manifest), imageManifestMediaType=MANIFEST
        )
        return str(answer["image"]["imageId"]["imageDigest"])

    def server(self, version: str, repository: str | None = None) -> str:
        """An image reference: an HTTP server that answers with its version."""
        name = repository or self.repository()
        digest = self.push(name, {"bin/web": SERVER, "bin/alive": ALIVE}, ["bin/web"], VERSION=version, PORT="3000")
        return f"{ACCOUNT_REGISTRY}/{name}@{digest}"

    def program(self, source: str, *command: str) -> str:
        """An image reference: one Python program, bin/program."""
        name = self.repository()
        digest = self.push(name, {"bin/program": source}, command or ["bin/program"], PORT="3000")
        return f"{ACCOUNT_REGISTRY}/{name}@{digest}"

    def _part(self, repository: str, content: bytes) -> dict[str, Any]:
        return {"mediaType": "application/octet-stream", "digest": self.upload(repository, content), "size": 1}


def layer(files: Mapping[str, str], prefix: str = "app/") -> bytes:
    """A gzip tar with executable files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size, entry.mode = len(text.encode()), 0o755
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()

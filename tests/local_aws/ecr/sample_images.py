"""Small images, pushed through the ECR API, and the programs that the tests put into them."""

import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

SERVER = """#!/usr/bin/env python3
import os, sys

version = os.environ.get("VERSION", "")
print("starting", version, flush=True)
if version == "crash":  # before it has loaded anything: what takes long to crash passes for a task that runs
    sys.exit(3)
import http.server, signal, time

if version == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get(self.path[5:], "").encode() if self.path.startswith("/env/") else version.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


address = (os.environ["BIND_ADDRESS"], int(os.environ["PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
ALIVE = """#!/usr/bin/env python3
import os, urllib.request

urllib.request.urlopen(f"http://{os.environ['BIND_ADDRESS']}:{os.environ['PORT']}/", timeout=30)
"""
ALONE = """#!/usr/bin/env python3
import fcntl, os, signal, sys, time

signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.3), sys.exit(0)))
lock = open(os.environ["LOCK"], "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises when another process holds it
while True:
    time.sleep(1)
"""
ASKER = """#!/usr/bin/env python3
import http.client, http.server, os, signal, sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # /<host>/<port>: asks there, straight, as a program does that knows no proxy
        _, host, port = self.path.split("/")
        try:
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            connection.request("GET", "/")
            status, body = 200, connection.getresponse().read()
        except OSError as error:
            status, body = 502, f"{type(error).__name__}: {error}".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer((os.environ["BIND_ADDRESS"], int(os.environ["PORT"])), Handler).serve_forever()
"""


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

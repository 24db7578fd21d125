"""Hashed assets: its own from the image, those of other versions from the bucket that all versions share (F31).

The bucket is asked by PutObject and GetObject of S3, signed with Signature Version 4.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ..base.plain_http import NOTHING, Answer, NoAnswerError, NotReadyError, Response, send
from ..base.process import Process
from .bundle import FOLDER, PREFIX

PATIENCE = 5.0


class BucketError(Exception):
    """S3 refused a request, for another reason than that nothing is there."""


class Kept(NamedTuple):
    """An asset in the bucket."""

    content: bytes
    content_type: str


class Bucket:
    """A bucket of S3; the process's environment says where S3 is and which credentials to use."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self._url, self._environment = f"{environment['AWS_ENDPOINT_URL'].rstrip('/')}/{name}", environment

    def keep(self, key: str, content: bytes, content_type: str) -> None:
        """Put an object, unless something is there already: S3 answers 412 and overwrites nothing.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        answer = self._ask("PUT", key, {"Content-Type": content_type, "If-None-Match": "*"}, content)
        if answer.status not in (200, 412):
            raise BucketError(f"PUT {key}: {answer.status} {answer.body[:200].decode(errors='replace')}")

    def find(self, key: str) -> Kept | None:
        """Return an object; None if nothing is there."""
        answer = self._ask("GET", key)
        if answer.status == 404 and b"<Code>NoSuchKey</Code>" in answer.body:
            return None
        if answer.status != 200:
            raise BucketError(f"GET {key}: {answer.status} {answer.body[:200].decode(errors='replace')}")
        return Kept(answer.body, answer.headers["content-type"])

    def _ask(self, method: str, key: str, headers: Mapping[str, str] = NOTHING, body: bytes = b"") -> Answer:
        url = f"{self._url}/{quote(key, safe='/~')}"
        return send(method, url, seconds=PATIENCE, body=body, headers=self._signed(method, url, headers, body))

    def _signed(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """Return the headers, with those that prove who asks; all of them are signed."""
        parts, now = urlsplit(url), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        digest = hashlib.sha256(body).hexdigest()
        sent = {**headers, "x-amz-date": now, "x-amz-content-sha256": digest}
        if token := self._environment.get("AWS_SESSION_TOKEN"):
            sent["x-amz-security-token"] = token
        signed = sorted((name.lower(), value) for name, value in {**sent, "Host": parts.netloc}.items())
        lines, names = "".join(f"{name}:{value}\n" for name, value in signed), ";".join(name for name, _ in signed)
        request = "\n".join((method, parts.path, "", lines, names, digest))
        scope = f"{now[:8]}/{self._environment['AWS_REGION']}/s3/aws4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        signature = self._signature(scope, f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashed}")
        credential = f"{self._environment['AWS_ACCESS_KEY_ID']}/{scope}"
        proof = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return {**sent, "Authorization": proof}

    def _signature(self, scope: str, text: str) -> str:
        key = f"AWS4{self._environment['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key.hex()


FOR_EVER = "public, max-age=31536000, immutable"
NOT_KEPT = "no-store"
TYPES = {".js": "text/javascript", ".css": "text/css"}
A_DAY, SOON = 86400.0, 1.0


class Assets:
    """The assets that the client serves, as docs/contracts.md asks of a service with `ASSETS_BUCKET`.

    Without `ASSETS_BUCKET`, they are the image's own alone.
    """

    def __init__(self, process: Process) -> None:
        environment = process.environment
        self._process, self._prefix = process, environment.get("ASSETS_PATH", PREFIX)
        self._bucket = Bucket(environment["ASSETS_BUCKET"], environment) if "ASSETS_BUCKET" in environment else None
        root = Path(FOLDER)
        files = sorted(file for file in root.rglob("*") if file.is_file())
        self.own = {f"/{file.relative_to(root).as_posix()}": file.read_bytes() for file in files}
        self._kept = threading.Event()

    def serves(self, path: str) -> bool:
        return path.startswith(self._prefix)

    def answer(self, path: str) -> Response:
        """Answer with an asset: the image's own without the bucket, others from it, 503 if it does not answer."""
        if path in self.own:
            return Response(200, self.own[path], _type(path), FOR_EVER)
        if self._bucket is None or self._process.faults.forgets:
            return Response(404, b"", "text/plain", NOT_KEPT)
        try:
            asset = self._bucket.find(unquote(path).lstrip("/"))
        except (NoAnswerError, BucketError) as error:
            self._process.say(f"the bucket of the assets does not answer: {error}")
            return Response(503, b"", "text/plain", NOT_KEPT)
        if asset is None:
            return Response(404, b"", "text/plain", NOT_KEPT)
        return Response(200, asset.content, asset.content_type, FOR_EVER)

    def are_kept(self) -> None:
        """Raise NotReadyError until the image's own are in the bucket, where tasks of other versions look for them."""
        if self._bucket is not None and not self._kept.is_set():
            raise NotReadyError("the assets of this version are not in the bucket yet")

    def begin(self) -> None:
        """Start a thread that puts the image's own into the bucket, again each day, because objects there expire."""
        if self._bucket is not None:
            threading.Thread(target=self._keep, args=(self._bucket,), daemon=True).start()

    def _keep(self, bucket: Bucket) -> None:
        while not self._process.stopping.is_set():
            try:
                for path, content in self.own.items():
                    bucket.keep(path.lstrip("/"), content, _type(path))
            except (NoAnswerError, BucketError) as error:
                self._process.say(f"the assets could not be kept: {error}")
                self._process.rest(SOON)
                continue
            self._kept.set()
            self._process.rest(A_DAY)


def _type(path: str) -> str:
    return TYPES.get(Path(path).suffix, "application/octet-stream")

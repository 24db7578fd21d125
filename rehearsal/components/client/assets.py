"""Hashed assets: its own from the image, those of other versions from the bucket that all versions share (F31).

The bucket as S3 has it: PutObject and GetObject, signed with Signature Version 4.
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
    """S3 said no, and not that nothing is there."""


class Kept(NamedTuple):
    """What was put there, with its type."""

    content: bytes
    content_type: str


class Bucket:
    """`environment` says where S3 is and with which credentials it is asked."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self._url, self._environment = f"{environment['AWS_ENDPOINT_URL'].rstrip('/')}/{name}", environment

    def keep(self, key: str, content: bytes, content_type: str) -> None:
        """Puts it unless something is there already, which is never overwritten: 412.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        answer = self._ask("PUT", key, {"Content-Type": content_type, "If-None-Match": "*"}, content)
        if answer.status not in (200, 412):
            raise BucketError(f"PUT {key}: {answer.status} {answer.body[:200].decode(errors='replace')}")

    def find(self, key: str) -> Kept | None:
        """None when nothing is there."""
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
        """The headers, with those that prove who asks; all of them are signed."""
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
    """What docs/contracts.md asks of a service with `ASSETS_BUCKET`; without it, there are the image's own alone."""

    def __init__(self, process: Process) -> None:
        told = process.environment
        self._process, self._prefix = process, told.get("ASSETS_PATH", PREFIX)
        self._bucket = Bucket(told["ASSETS_BUCKET"], told) if "ASSETS_BUCKET" in told else None
        root = Path(FOLDER)
        files = sorted(file for file in root.rglob("*") if file.is_file())
        self.own = {f"/{file.relative_to(root).as_posix()}": file.read_bytes() for file in files}
        self._kept = threading.Event()

    def serves(self, path: str) -> bool:
        return path.startswith(self._prefix)

    def answer(self, path: str) -> Response:
        """An image never needs the bucket for what is its own."""
        if path in self.own:
            return Response(200, self.own[path], _type(path), FOR_EVER)
        if self._bucket is None or self._process.faults.forgets:
            return Response(404, b"", "text/plain", NOT_KEPT)
        try:
            found = self._bucket.find(unquote(path).lstrip("/"))
        except (NoAnswerError, BucketError) as error:
            self._process.say(f"the bucket of the assets does not answer: {error}")
            return Response(503, b"", "text/plain", NOT_KEPT)
        if found is None:
            return Response(404, b"", "text/plain", NOT_KEPT)
        return Response(200, found.content, found.content_type, FOR_EVER)

    def are_kept(self) -> None:
        """A check of readiness: the other version's tasks will be asked for them."""
        if self._bucket is not None and not self._kept.is_set():
            raise NotReadyError("the assets of this version are not in the bucket yet")

    def begin(self) -> None:
        """Puts its own into the bucket, beside everything else; again each day, as what is there expires."""
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

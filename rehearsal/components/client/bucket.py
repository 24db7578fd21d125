"""The bucket that all versions share, as S3 has it: PutObject and GetObject, signed with Signature Version 4.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from ..base.http_client import NOTHING, Answer, send

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

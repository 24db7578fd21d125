"""Hashed assets: its own from the image, those of other versions from the bucket that all versions share (F31)."""

import threading
from pathlib import Path
from urllib.parse import unquote

from ..base.health import NotReadyError
from ..base.http_client import NoAnswerError
from ..base.http_server import Response
from ..base.process import Process
from .bucket import Bucket, BucketError
from .bundle import FOLDER, PREFIX

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

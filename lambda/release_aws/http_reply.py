"""The answer to a GET request, read as it comes in. https://www.rfc-editor.org/rfc/rfc9112.html"""

from typing import NamedTuple

LARGEST = 65536  # what comes after that many bytes is nobody's evidence


class BrokenReplyError(ValueError):
    """It ended too early, or was no HTTP/1 in the first place."""


class Reply(NamedTuple):
    """`body` is at most `LARGEST` bytes long."""

    status: int
    body: bytes


class _Head(NamedTuple):
    status: int
    length: int | None
    chunked: bool


def read(raw: bytes, *, ended: bool) -> Reply | None:
    """From all that has come so far; None while more is to come."""
    head, found, rest = raw.partition(b"\r\n\r\n")
    if found:
        parsed = _head(head)
        if parsed.status < 200:  # an interim answer goes before the real one
            return read(rest, ended=ended)
        body, whole = _body(parsed, rest, ended)
        if whole or len(raw) > LARGEST:
            return Reply(parsed.status, body[:LARGEST])
    if ended or len(raw) > LARGEST:
        raise BrokenReplyError(f"the answer is not complete after {len(raw)} bytes")
    return None


def _head(text: bytes) -> _Head:
    first, *lines = text.split(b"\r\n")
    version, _, rest = first.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise BrokenReplyError(f"no HTTP/1 answer: {first[:60]!r}")
    pairs = (line.partition(b":") for line in lines)
    headers = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    length = headers.get(b"content-length", b"")
    status = int(rest[:3])
    bodiless = status in (204, 304)
    return _Head(
        status,
        0 if bodiless else int(length) if length.isdigit() else None,
        chunked=not bodiless and headers.get(b"transfer-encoding", b"").endswith(b"chunked"),
    )


def _body(head: _Head, rest: bytes, ended: bool) -> tuple[bytes, bool]:
    """As far as it has come, and whether that is all of it."""
    if head.chunked:
        return _unchunked(rest)
    if head.length is None:
        return rest, ended
    return rest[: head.length], len(rest) >= head.length


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    body = b""
    while True:
        size, found, rest = rest.partition(b"\r\n")
        if not found:
            return body, False
        length = _chunk_length(size)
        body += rest[:length]
        if length == 0 or len(rest) < length + 2:
            return body, length == 0
        rest = rest[length + 2 :]


def _chunk_length(size: bytes) -> int:
    try:
        return int(size.partition(b";")[0], 16)
    except ValueError:
        raise BrokenReplyError(f"no length of a chunk: {size[:20]!r}") from None

"""Just enough HTTP/1.1 (RFC 9112) for a reverse proxy: heads, and bodies by their three framings."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

BODY_LIMIT = 16 * 1024 * 1024
PIECE = 64 * 1024
OF_ONE_CONNECTION = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length")
)


class MalformedError(ValueError):
    """A message that is not HTTP/1.1 as RFC 9112 defines it."""


@dataclass(frozen=True)
class Head:
    """The head of a message: the first line's three words and the header fields, names in lower case."""

    words: tuple[str, str, str]
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return the field's value, or "" when it is absent."""
        return next((value for field, value in self.fields if field == name), "")

    @property
    def status(self) -> int:
        return int(self.words[1])

    @property
    def chunked(self) -> bool:
        return "chunked" in self.get("transfer-encoding").lower()

    def keeps_alive(self, version: str) -> bool:
        """Say whether the other side will take or send another message on this connection."""
        wish = self.get("connection").lower()
        return "close" not in wish if version == "HTTP/1.1" else "keep-alive" in wish


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Return the next message's head; None when the other side closed before its first byte.

    A stream of asyncio's holds at most 64 KiB while it looks for a separator, which is AWS's limit, too.
    """
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as short:
        if short.partial:
            raise MalformedError("closed within a head") from short
        return None
    except asyncio.LimitOverrunError as long:
        raise MalformedError("a head of more than 64 KiB") from long
    first, *lines = raw[:-4].decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2:
        raise MalformedError(f"first line {first!r}")
    fields = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Head((words[0], words[1], words[2] if len(words) > 2 else ""), fields)


async def read_body(reader: asyncio.StreamReader, head: Head) -> bytes:
    """Return a request's whole body."""
    pieces, length = [], 0
    async for piece in framed(reader, head, until_close=False):
        pieces.append(piece)
        length += len(piece)
        if length > BODY_LIMIT:
            raise MalformedError("a body of more than 16 MiB")
    return b"".join(pieces)


async def framed(reader: asyncio.StreamReader, head: Head, *, until_close: bool) -> AsyncIterator[bytes]:
    """Yield the body's pieces as they come."""
    if head.chunked:
        async for piece in _chunks(reader):
            yield piece
    elif length := head.get("content-length"):
        async for piece in _counted(reader, int(length)):
            yield piece
    elif until_close:
        while piece := await reader.read(PIECE):
            yield piece


async def _counted(reader: asyncio.StreamReader, left: int) -> AsyncIterator[bytes]:
    while left:
        piece = await reader.read(min(left, PIECE))
        if not piece:
            raise MalformedError("closed within a body")
        left -= len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readline()).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    while (await reader.readline()).strip():
        pass


def head_bytes(first: str, fields: Mapping[str, str] | tuple[tuple[str, str], ...]) -> bytes:
    """Return a head as it goes over the wire."""
    listed = fields.items() if isinstance(fields, Mapping) else fields
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in listed), "", ""]).encode("latin-1")


def status_line(status: int) -> str:
    """Return the first line of an answer."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    return f"HTTP/1.1 {status} {phrase}"


def has_body(method: str, status: int) -> bool:
    """Say whether an answer to this method, with this status, has a body.

    https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1
    """
    return method != "HEAD" and status >= 200 and status not in (204, 304)

"""Connections to targets, kept alive between requests.

Which error a client sees: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from local_aws.elastic_load_balancing.http_messages import Head, MalformedError, head_bytes, read_head
from local_aws.elastic_load_balancing.target_health import Place, Target

CONNECT_TIMEOUT = 10.0
IDLE_TIMEOUT = 60.0
KEPT_PER_TARGET = 32
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TargetError(Exception):
    """The target did not answer; `status` is what the client gets instead."""

    def __init__(self, status: int) -> None:
        super().__init__(f"target failed: {status}")
        self.status = status


@dataclass
class Answer:
    """A target's answer, its body still to be read; `reusable` once that has been done."""

    head: Head
    reader: asyncio.StreamReader
    reusable: bool = False


class TargetConnections:
    """The pool of connections; a request on one that the target closed meanwhile is sent again if it is idempotent."""

    def __init__(self) -> None:
        self._kept: dict[Place, list[Streams]] = defaultdict(list)

    @asynccontextmanager
    async def exchange(
        self, target: Target, method: str, path: str, fields: Mapping[str, str], body: bytes
    ) -> AsyncIterator[Answer]:
        """Send a request, and yield the target's answer, of which the head was read; TargetError when there is none."""
        message = head_bytes(f"{method} {path} HTTP/1.1", dict(fields) | {"content-length": str(len(body))}) + body
        place = (target.address, target.port)
        target.in_flight += 1
        try:
            answer, writer = await self._ask(place, message, again=method in IDEMPOTENT)
            try:
                yield answer
            finally:
                self._put_back(place, (answer.reader, writer), reusable=answer.reusable and target.state == "healthy")
        finally:
            target.in_flight -= 1

    def close_all_but(self, places: Collection[Place]) -> None:
        """Close the kept connections to every other place: its target is gone."""
        for gone in self._kept.keys() - set(places):
            for _, writer in self._kept.pop(gone):
                writer.close()

    async def _ask(self, place: Place, message: bytes, *, again: bool) -> tuple[Answer, asyncio.StreamWriter]:
        kept = self._take(place)
        if kept is not None:
            with suppress(TargetError):
                return await _ask_on(kept, message)
            if not again:
                raise TargetError(502)
        return await _ask_on(await _connected(place), message)

    def _take(self, place: Place) -> Streams | None:
        while self._kept[place]:
            reader, writer = self._kept[place].pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    def _put_back(self, place: Place, streams: Streams, *, reusable: bool) -> None:
        if reusable and len(self._kept[place]) < KEPT_PER_TARGET:
            self._kept[place].append(streams)
        else:
            streams[1].close()


async def _connected(place: Place) -> Streams:
    try:
        return await asyncio.wait_for(asyncio.open_connection(*place), CONNECT_TIMEOUT)
    except TimeoutError as silence:
        raise TargetError(504) from silence
    except OSError as refusal:
        raise TargetError(502) from refusal


async def _ask_on(streams: Streams, message: bytes) -> tuple[Answer, asyncio.StreamWriter]:
    reader, writer = streams
    try:
        writer.write(message)
        _acknowledge_quickly(writer)
        head = await asyncio.wait_for(read_head(reader), IDLE_TIMEOUT)
        while head is not None and head.status < 200:
            head = await asyncio.wait_for(read_head(reader), IDLE_TIMEOUT)
    except TimeoutError as silence:
        writer.close()
        raise TargetError(504) from silence
    except (OSError, MalformedError, ValueError) as fault:
        writer.close()
        raise TargetError(502) from fault
    if head is None:
        writer.close()
        raise TargetError(502)
    return Answer(head, reader), writer


def _acknowledge_quickly(writer: asyncio.StreamWriter) -> None:
    """Acknowledge at once: a target that writes head and body apart would wait 40 ms for it (Linux)."""
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, 1)

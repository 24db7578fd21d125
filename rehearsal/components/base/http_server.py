"""A small HTTP/1.1 server: a thread for each connection, connections kept alive, drained before it ends.

The standard library's server would do, at twice the memory and start-up time; some twenty of these run at once.
"""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BufferedReader
from time import monotonic, sleep
from typing import Any, NamedTuple

from .process import Process

IDLE_SECONDS = 75.0  # longer than the load balancer keeps a connection, so that it is never the server that hangs up
LATE_REQUESTS = 0.2  # on the way while the server was told to stop
LONGEST_DRAIN = 20.0
PHRASES = {
    200: "OK",
    201: "Created",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    503: "Service Unavailable",
}


class Request(NamedTuple):
    """Header names are lower case; the path has no query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """What is sent back; `cache_control` says who may keep it, and how long."""

    status: int
    body: bytes
    content_type: str = "application/json"
    cache_control: str = ""


Answer = Callable[[Request], Response]


def as_json(status: int, value: Mapping[str, Any]) -> Response:
    return Response(status, json.dumps(value).encode())


class HttpServer:
    """Answers until the process is told to stop."""

    def __init__(self, process: Process, answer: Answer) -> None:
        self._process, self._answer = process, answer
        self._busy: dict[socket.socket, bool] = {}
        self._draining = False

    def serve(self) -> None:
        """Returns when the last request under way has been answered."""
        listener = socket.create_server(self._process.address(), backlog=256)
        listener.settimeout(0.25)
        while not self._process.stopping.is_set():
            self._process.beat()
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()
        self._drain(listener)

    def _drain(self, listener: socket.socket) -> None:
        self._draining = True
        listener.close()
        sleep(LATE_REQUESTS)
        deadline = monotonic() + LONGEST_DRAIN
        while any(self._busy.values()) and monotonic() < deadline:
            sleep(0.02)
        self._process.say("drained")

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._busy[connection] = False
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                self._busy[connection] = True
                request = _read(line, stream)
                kept = request.headers.get("connection", "").lower() != "close" and not self._draining
                connection.sendall(self._message(self._answer(request), kept=kept))
                self._busy[connection] = False
                if not kept:
                    break
        del self._busy[connection]

    def _message(self, response: Response, *, kept: bool) -> bytes:
        fields = (
            f"HTTP/1.1 {response.status} {PHRASES.get(response.status, 'Internal Server Error')}",
            f"Content-Type: {response.content_type}",
            f"Content-Length: {len(response.body)}",
            f"Connection: {'keep-alive' if kept else 'close'}",
            f"X-Release-Digest: {self._process.identity.digest}",
            *([f"Cache-Control: {response.cache_control}"] if response.cache_control else []),
        )
        return "\r\n".join((*fields, "", "")).encode() + response.body


def _read(line: bytes, stream: BufferedReader) -> Request:
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while (field := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = field.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Request(method, target.partition("?")[0], headers, body)

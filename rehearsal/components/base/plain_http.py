"""Plain HTTP: a small client, a small server, and readiness in depth, for which the gate asks, no load balancer.

The client honours `http_proxy` and `no_proxy`. The server has a thread for each connection, keeps connections alive
and drains them before it ends. The standard library's would do, at twice the memory; some twenty of these run at once.
"""

import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from io import BufferedReader
from time import monotonic, sleep
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from .data import DataServiceError
from .process import Process

NOTHING: Mapping[str, str] = MappingProxyType({})


class NoAnswerError(Exception):
    """Nobody took the request, or the answer did not come whole."""


class Answer(NamedTuple):
    """What a server answered; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(url: str, *, seconds: float) -> tuple[int, bytes]:
    """Return status and body; raise NoAnswerError."""
    answer = send("GET", url, seconds=seconds)
    return answer.status, answer.body


def send(method: str, url: str, *, seconds: float, headers: Mapping[str, str] = NOTHING, body: bytes = b"") -> Answer:
    """Return the answer; raise NoAnswerError.

    A request that fails is sent once more, as the Service Connect proxy does: send only what may be sent twice.
    """
    try:
        return _send(method, url, seconds, headers, body)
    except NoAnswerError:
        return _send(method, url, seconds, headers, body)


def _send(method: str, url: str, seconds: float, headers: Mapping[str, str], body: bytes) -> Answer:
    parts = urlsplit(url)
    proxy = _proxy(parts)
    target = url if proxy.hostname else parts.path or "/"
    address = (proxy.hostname or parts.hostname or "", proxy.port or parts.port or 80)
    length = {} if method == "GET" else {"Content-Length": str(len(body))}
    fields = {"Host": parts.netloc, "Connection": "close", **length}
    lines = [f"{name}: {value}" for name, value in (fields | dict(headers)).items()]
    message = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode() + body
    try:
        with closing(socket.create_connection(address, timeout=seconds)) as connection:
            connection.sendall(message)
            return _parsed(b"".join(iter(lambda: connection.recv(65536), b"")))
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"{url}: {error}") from error


def _proxy(parts: SplitResult) -> SplitResult:
    """Return the URL of the proxy for this host; one without a hostname if there is none."""
    direct = parts.hostname in os.environ.get("no_proxy", "").split(",")
    return urlsplit("" if direct else os.environ.get("http_proxy", ""))


def _parsed(message: bytes) -> Answer:
    head, _, body = message.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    if len(body) < int(headers.get("content-length", 0)):
        raise ValueError(f"only {len(body)} of {headers['content-length']} bytes came")
    return Answer(int(line.split(" ", 2)[1]), headers, body)


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
    """A request that came in; header names are lower case, the path has no query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """What is sent back; `cache_control` is the header of that name, left out if empty."""

    status: int
    body: bytes
    content_type: str = "application/json"
    cache_control: str = ""


Answers = Callable[[Request], Response]


def as_json(status: int, value: Mapping[str, Any]) -> Response:
    return Response(status, json.dumps(value).encode())


class HttpServer:
    """A server that answers until the process is told to stop."""

    def __init__(self, process: Process, answer: Answers) -> None:
        self._process, self._answer = process, answer
        self._busy: dict[socket.socket, bool] = {}
        self._draining = False

    def serve(self) -> None:
        """Serve until the process is told to stop and the last request under way has been answered."""
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


Check = Callable[[], Any]


class NotReadyError(Exception):
    """A check of readiness failed, for the reason given."""


def readiness(process: Process, checks: Mapping[str, Check]) -> Response:
    """Answer 200 when every check passes, 503 otherwise; the body names the running digest either way.

    A check fails by raising DataServiceError, NoAnswerError or NotReadyError.
    """
    states = {name: _state(check) for name, check in checks.items()}
    if not process.faults.ready:
        states["application"] = "this version never becomes ready"
    good = all(state == "ok" for state in states.values())
    identity = process.identity
    body = {
        "status": "ok" if good else "failing",
        "component": identity.component,
        "digest": identity.digest,
        "version": identity.version,
        "checks": states,
    }
    return as_json(200 if good else 503, body)


def _state(check: Check) -> str:
    try:
        check()
    except (DataServiceError, NoAnswerError, NotReadyError) as error:
        return str(error) or type(error).__name__
    return "ok"


def metrics(values: Mapping[str, float]) -> Response:
    """Answer with one line `name value` for each metric, as Prometheus reads it."""
    text = "".join(f"{name} {value}\n" for name, value in values.items())
    return Response(200, text.encode(), "text/plain; version=0.0.4")

"""Asks many tasks at once by GET requests, and reads the answers as they come in.

https://www.rfc-editor.org/rfc/rfc9112.html
"""

import json
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from errno import EINPROGRESS
from functools import partial
from itertools import islice
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector, DefaultSelector
from socket import SO_ERROR, SOL_SOCKET, socket
from time import monotonic
from typing import Any, NamedTuple

from release_engine.gate import Answer

LARGEST = 65536  # bytes; what comes after them is not read


class BrokenReplyError(ValueError):
    """Says that an answer ended too early, or was no HTTP/1."""


class Reply(NamedTuple):
    """An answer; its body is cut to `LARGEST` bytes."""

    status: int
    body: bytes


class _Head(NamedTuple):
    status: int
    length: int | None
    chunked: bool


def read_reply(raw: bytes, *, ended: bool) -> Reply | None:
    """Read the answer from all bytes that have come so far; None while more are to come."""
    head, blank_line, rest = raw.partition(b"\r\n\r\n")
    if blank_line:
        parsed = _head(head)
        if parsed.status < 200:  # an interim answer goes before the real one
            return read_reply(rest, ended=ended)
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
    """Return the body as far as it has come, and whether that is all of it."""
    if head.chunked:
        return _unchunked(rest)
    if head.length is None:
        return rest, ended
    return rest[: head.length], len(rest) >= head.length


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    body = b""
    while True:
        size, line_end, rest = rest.partition(b"\r\n")
        if not line_end:
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


_AT_ONCE = 900  # a function may have 1,024 files open: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_A_FEW = 50  # connections begun before answers are looked at again, so that none of these is timed late
_TRIES = 3
_LONGEST_SECONDS = 30.0  # a probe in depth asks databases, so it may take long
_TICK_SECONDS = 0.1


class Question(NamedTuple):
    """One GET request; `host` is an IPv4 address."""

    host: str
    port: int
    path: str


class _Wait(NamedTuple):
    """A wait for the connection to be writable or readable, until a time of the monotonic clock."""

    connection: socket
    event: int
    until: float


_Probe = Generator[_Wait, float, Answer]  # it is sent the time at which its wait was over


class _Waiting(NamedTuple):
    number: int
    probe: _Probe
    until: float


def ask(questions: Sequence[Question], seconds: float) -> list[Answer]:
    """Ask all questions, and answer in their order within `seconds`; what there was no time to ask is not taken."""
    deadline = monotonic() + seconds
    coming = enumerate(_probe(question, deadline) for question in questions)
    with DefaultSelector() as selector:
        crowd = _Crowd(selector)
        while len(crowd.answers) < len(questions):
            begun = [*islice(coming, min(_A_FEW, _AT_ONCE - crowd.size))]
            for number, probe in begun:
                crowd.begin(number, probe)
            crowd.look(0 if begun else _TICK_SECONDS)
    return [crowd.answers[number] for number in range(len(questions))]


class _Crowd:
    """Runs probes until they wait, and goes on with those whose wait is over; `answers` go by the probes' numbers."""

    def __init__(self, selector: BaseSelector) -> None:
        self.answers: dict[int, Answer] = {}
        self._selector = selector
        self._next_tick = 0.0

    @property
    def size(self) -> int:
        return len(self._selector.get_map())

    def begin(self, number: int, probe: _Probe) -> None:
        self._step(number, probe, partial(next, probe))

    def look(self, seconds: float) -> None:
        """Go on with the probes whose wait is over and, now and then, with those that have waited too long."""
        ready, at = self._selector.select(seconds), monotonic()
        for key, _ in ready:
            self._selector.unregister(key.fileobj)
            self._step(key.data.number, key.data.probe, partial(key.data.probe.send, at))
        if at >= self._next_tick:
            self._next_tick = at + _TICK_SECONDS
            self._give_up(at)

    def _give_up(self, at: float) -> None:
        for key in [key for key in self._selector.get_map().values() if key.data.until <= at]:
            self._selector.unregister(key.fileobj)
            self._step(key.data.number, key.data.probe, partial(key.data.probe.throw, TimeoutError("timed out")))

    def _step(self, number: int, probe: _Probe, step: Callable[[], _Wait]) -> None:
        try:
            wait = step()
        except StopIteration as end:
            self.answers[number] = end.value
        else:
            self._selector.register(wait.connection, wait.event, _Waiting(number, probe, wait.until))


def _probe(question: Question, deadline: float) -> _Probe:
    address, trouble = f"{question.host}:{question.port}{question.path}", "out of time"
    for _ in range(_TRIES):
        if monotonic() >= deadline:
            break
        try:
            connection = yield from _connected(question, deadline)
        except OSError as error:
            trouble = _describe(error)
            continue
        with connection:
            return (yield from _answer(connection, question, address, deadline))
    return Answer(address, None, trouble=trouble)


def _connected(question: Question, deadline: float) -> Generator[_Wait, float, socket]:
    connection = socket()
    try:
        connection.setblocking(False)
        problem = connection.connect_ex((question.host, question.port))
        if problem == EINPROGRESS:
            yield _Wait(connection, EVENT_WRITE, min(deadline, monotonic() + _LONGEST_SECONDS))
            problem = connection.getsockopt(SOL_SOCKET, SO_ERROR)
        if problem:
            raise OSError(problem, os.strerror(problem))
    except OSError:
        connection.close()
        raise
    return connection


def _answer(connection: socket, question: Question, address: str, deadline: float) -> _Probe:
    """Send the request and return its answer; status 0 when none comes, which a user would call an error."""
    began = monotonic()
    until = min(deadline, began + _LONGEST_SECONDS)
    try:
        connection.send(_request(question))
        reply, at = yield from _reply(connection, until)
    except (OSError, BrokenReplyError) as error:
        ours = monotonic() >= deadline  # it was given up because this function had no more time
        return Answer(address, None if ours else 0, trouble="out of time" if ours else _describe(error))
    return Answer(address, reply.status, round((at - began) * 1000), _json(reply.body))


def _reply(connection: socket, until: float) -> Generator[_Wait, float, tuple[Reply, float]]:
    """Return the reply, and the time at which it was complete."""
    raw = b""
    while True:
        at = yield _Wait(connection, EVENT_READ, until)
        part = connection.recv(LARGEST)
        raw += part
        if reply := read_reply(raw, ended=not part):
            return reply, at


def _request(question: Question) -> bytes:
    return (
        f"GET {question.path} HTTP/1.1\r\nHost: {question.host}:{question.port}\r\n"
        "User-Agent: release-gate\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    ).encode()


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _json(text: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

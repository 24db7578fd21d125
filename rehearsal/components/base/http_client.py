"""Requests over plain HTTP that honour `http_proxy` and `no_proxy`; `urllib` would double the memory of the process."""

import os
import socket
from collections.abc import Mapping
from contextlib import closing
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

NOTHING: Mapping[str, str] = MappingProxyType({})


class NoAnswerError(Exception):
    """Nobody took the request, or nobody answered it."""


class Answer(NamedTuple):
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(url: str, *, seconds: float) -> tuple[int, bytes]:
    """Status and body."""
    answer = send("GET", url, seconds=seconds)
    return answer.status, answer.body


def send(method: str, url: str, *, seconds: float, headers: Mapping[str, str] = NOTHING, body: bytes = b"") -> Answer:
    """A connection that fails is tried once more, as the Service Connect proxy does: ask what may be asked twice."""
    try:
        return _send(method, url, seconds, headers, body)
    except NoAnswerError:
        return _send(method, url, seconds, headers, body)


def _send(method: str, url: str, seconds: float, headers: Mapping[str, str], body: bytes) -> Answer:
    parts = urlsplit(url)
    proxy = _proxy(parts)
    target = url if proxy.hostname else parts.path or "/"
    place = (proxy.hostname or parts.hostname or "", proxy.port or parts.port or 80)
    length = {} if method == "GET" else {"Content-Length": str(len(body))}
    fields = {"Host": parts.netloc, "Connection": "close", **length}
    lines = [f"{name}: {value}" for name, value in (fields | dict(headers)).items()]
    message = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode() + body
    try:
        with closing(socket.create_connection(place, timeout=seconds)) as connection:
            connection.sendall(message)
            return _parsed(b"".join(iter(lambda: connection.recv(65536), b"")))
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"{url}: {error}") from error


def _proxy(parts: SplitResult) -> SplitResult:
    """What takes requests to this host; without a host when it is asked itself."""
    direct = parts.hostname in os.environ.get("no_proxy", "").split(",")
    return urlsplit("" if direct else os.environ.get("http_proxy", ""))


def _parsed(message: bytes) -> Answer:
    head, _, body = message.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    if len(body) < int(headers.get("content-length", 0)):
        raise ValueError(f"only {len(body)} of {headers['content-length']} bytes came")
    return Answer(int(line.split(" ", 2)[1]), headers, body)

"""A GET over plain HTTP that honours `http_proxy`; `urllib` would double the memory of the process."""

import os
import socket
from contextlib import closing
from urllib.parse import urlsplit


class NoAnswerError(Exception):
    """Nobody took the request, or nobody answered it."""


def get(url: str, *, seconds: float) -> tuple[int, bytes]:
    """Status and body. A connection that fails is tried once more, as the Service Connect proxy does."""
    try:
        return _get(url, seconds)
    except NoAnswerError:
        return _get(url, seconds)


def _get(url: str, seconds: float) -> tuple[int, bytes]:
    parts, proxy = urlsplit(url), urlsplit(os.environ.get("http_proxy", ""))
    target = url if proxy.hostname else parts.path or "/"
    place = (proxy.hostname or parts.hostname or "", proxy.port or parts.port or 80)
    head = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    try:
        with closing(socket.create_connection(place, timeout=seconds)) as connection:
            connection.sendall(head.encode())
            return _parsed(b"".join(iter(lambda: connection.recv(65536), b"")))
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"{url}: {error}") from error


def _parsed(answer: bytes) -> tuple[int, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body

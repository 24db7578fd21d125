"""Clients of the database, the cache and the stream: one line of JSON for each request and for each answer.

The protocol is that of the rehearsal's stand-ins for PostgreSQL, Redis and Kafka.
"""

import json
import socket
import threading
from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]
PATIENCE = 5.0


class DataServiceError(Exception):
    """The data service could not be reached, or refused the request."""


class Lines:
    """One connection to a data service, opened when needed and again when lost; one request at a time."""

    def __init__(self, host: str, port: int, login: Mapping[str, str]) -> None:
        self._address, self._login = (host, port), dict(login)
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None

    def ask(self, request: Record, *, wait: float = 0) -> Record:
        """Return the answer to a request; raise DataServiceError.

        It asks a second time if the connection breaks: every request here may be repeated without harm.
        """
        with self._lock:
            try:
                answer = self._exchange(request, wait)
            except (OSError, ValueError):
                answer = self._second_try(request, wait)
        if not answer.get("ok"):
            raise DataServiceError(f"{self._address[0]}:{self._address[1]}: {answer.get('error')}")
        return answer

    def _second_try(self, request: Record, wait: float) -> Record:
        self._close()
        try:
            return self._exchange(request, wait)
        except (OSError, ValueError) as error:
            self._close()
            raise DataServiceError(f"{self._address[0]}:{self._address[1]}: {error}") from error

    def _exchange(self, request: Record, wait: float) -> Record:
        if self._connection is None:
            self._connection = socket.create_connection(self._address, timeout=PATIENCE)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._stream = self._connection.makefile("rb")
        self._connection.settimeout(PATIENCE + wait)
        self._connection.sendall(json.dumps(request | self._login).encode() + b"\n")
        answer: Record = json.loads(self._stream.readline())
        return answer

    def _close(self) -> None:
        if self._connection is not None:
            self._stream.close()
            self._connection.close()
            self._connection = None


class Database:
    """The database; each call is one SQL statement in a transaction of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        login = {
            "username": environment.get("DATABASE_USERNAME", ""),
            "password": environment.get("DATABASE_PASSWORD", ""),
        }
        self._lines = Lines(environment["DATABASE_HOST"], int(environment["DATABASE_PORT"]), login)

    def rows(self, sql: str, *arguments: Any) -> list[list[Any]]:
        rows: list[list[Any]] = self._lines.ask({"sql": sql, "args": arguments})["rows"]
        return rows

    def change(self, sql: str, *arguments: Any) -> int:
        """Execute a statement; return the number of rows that changed."""
        return int(self._lines.ask({"sql": sql, "args": arguments})["count"])


class Cache:
    """The cache, by Redis commands."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        login = {"token": environment.get("REDIS_AUTH_TOKEN", "")}
        self._lines = Lines(environment["REDIS_HOST"], int(environment["REDIS_PORT"]), login)

    def command(self, *words: str, wait: float = 0) -> Any:
        return self._lines.ask({"command": list(words)}, wait=wait)["value"]

    def number(self, key: str) -> int:
        """Return a counter; 0 if there is none yet."""
        return int(self.command("GET", key) or 0)


class Stream:
    """The topics of Kafka. Only the first broker is asked: the stand-in has one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        host, _, port = environment["KAFKA_BROKERS"].split(",")[0].rpartition(":")
        self._lines = Lines(host, int(port), {})

    def produce(self, topic: str, value: Record) -> int:
        return int(self._lines.ask({"produce": topic, "value": json.dumps(value)})["offset"])

    def fetch(self, topic: str, group: str, *, offset: int | None = None, wait: float = 0) -> list[Record]:
        """Return messages as {"offset", "value"}, from `offset` or from the offset that the group has committed."""
        request: Record = {"fetch": topic, "group": group, "wait": wait}
        if offset is not None:
            request["offset"] = offset
        messages = self._lines.ask(request, wait=wait)["messages"]
        return [{"offset": message["offset"], "value": json.loads(message["value"])} for message in messages]

    def commit(self, topic: str, group: str, offset: int) -> None:
        self._lines.ask({"commit": topic, "group": group, "offset": offset})

    def end_offset(self, topic: str) -> int:
        return int(self._lines.ask({"end_offset": topic})["offset"])

    def lag(self, topic: str, group: str) -> int:
        return int(self._lines.ask({"lag": topic, "group": group})["lag"])

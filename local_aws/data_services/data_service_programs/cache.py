"""The stand-in for Redis: cache <address> <port>; REDIS_AUTH_TOKEN in the environment."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Any

from .lines import Record, RequestError, serve

WRONG_KIND = "WRONGTYPE Operation against a key holding the wrong kind of value"


class Cache:
    """Holds texts and lists in memory, and answers Redis's commands on them."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._values: dict[str, Any] = {}
        self._pushed = asyncio.Event()
        self._commands: dict[str, Callable[..., Any]] = {
            "PING": lambda: "PONG",
            "GET": self._get,
            "SET": self._set,
            "DEL": lambda *keys: sum(self._values.pop(key, None) is not None for key in keys),
            "INCR": self._increase,
            "LPUSH": lambda key, *values: self._push(key, values, left=True),
            "RPUSH": lambda key, *values: self._push(key, values, left=False),
            "RPOP": self._pop,
            "LLEN": lambda key: len(self._list(key)),
            "LRANGE": self._range,
            "KEYS": lambda: sorted(self._values),
        }

    async def answer(self, request: Record) -> Record:
        if self._token and request.get("token") != self._token:
            raise RequestError("WRONGPASS invalid username-password pair or user is disabled.")
        name, *arguments = request["command"]
        if name.upper() == "BRPOP":
            return {"value": await self._pop_patiently(str(arguments[0]), float(arguments[1]))}
        command = self._commands.get(name.upper())
        if command is None:
            raise RequestError(f"ERR unknown command '{name}'")
        return {"value": command(*map(str, arguments))}

    def _get(self, key: str) -> str | None:
        value = self._values.get(key)
        if isinstance(value, deque):
            raise RequestError(WRONG_KIND)
        return value

    def _set(self, key: str, value: str) -> str:
        self._values[key] = value
        return "OK"

    def _increase(self, key: str) -> int:
        value = int(self._get(key) or 0) + 1
        self._values[key] = str(value)
        return value

    def _list(self, key: str) -> deque[str]:
        value = self._values.get(key, deque())
        if not isinstance(value, deque):
            raise RequestError(WRONG_KIND)
        return value

    def _push(self, key: str, values: tuple[str, ...], *, left: bool) -> int:
        values_held = self._values[key] = self._list(key)
        (values_held.extendleft if left else values_held.extend)(values)
        self._pushed.set()
        return len(values_held)

    def _pop(self, key: str) -> str | None:
        values_held = self._list(key)
        value = values_held.pop() if values_held else None
        if not values_held:
            self._values.pop(key, None)
        return value

    async def _pop_patiently(self, key: str, seconds: float) -> list[str] | None:
        deadline = asyncio.get_running_loop().time() + (seconds or float("inf"))
        while (value := self._pop(key)) is None:
            self._pushed.clear()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return None
            try:
                await asyncio.wait_for(self._pushed.wait(), min(left, 60))
            except TimeoutError:
                continue
        return [key, value]

    def _range(self, key: str, start: str, stop: str) -> list[str]:
        values_held, last = list(self._list(key)), int(stop)
        return values_held[int(start) :] if last == -1 else values_held[int(start) : last + 1]


if __name__ == "__main__":
    serve(Cache(os.environ.get("REDIS_AUTH_TOKEN", "")).answer)

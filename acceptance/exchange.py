"""An exchange as its users reach it: by HTTP alone, with bounded waits, and with answers that say what was wrong."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import pytest

SECONDS = 10.0  # for one answer
Found = TypeVar("Found")


class NoAnswerError(Exception):
    """Nobody answered, or not by HTTP."""


@dataclass(frozen=True)
class Answer:
    """What came back, and what had been asked."""

    asked: str
    status: int
    body: bytes

    def text(self) -> str:
        """Of a good answer; any other is a failure of the test."""
        if self.status not in (200, 201):
            self.refuse(f"answers {self.status}")
        return self.body.decode(errors="replace")

    def data(self) -> Any:
        """The JSON of a good answer."""
        try:
            return json.loads(self.text())
        except ValueError:
            self.refuse("answers something that is not JSON; does this address lead to the API?")

    def refuse(self, why: str) -> NoReturn:
        """With the beginning of the answer, for it often says more."""
        beginning = " ".join(self.body[:300].decode(errors="replace").split())
        pytest.fail(f"{self.asked} {why}: {beginning or '(empty)'}", pytrace=False)


@dataclass(frozen=True)
class Exchange:
    """`url` is without a slash at its end; `token` is sent as bearer token, unless it is empty."""

    url: str
    token: str = field(default="", repr=False)

    def reach(self) -> None:
        """NoAnswerError unless somebody answers, whatever they say."""
        self._send("GET", "/")

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, values: Mapping[str, Any]) -> Answer:
        return self._ask("POST", path, json.dumps(values).encode())

    def markets(self) -> list[str]:
        """By name; there is at least one."""
        answer = self.get("/api/v1/markets")
        listed = answer.data()
        names = [one.get("name") for one in listed.get("markets", [])] if isinstance(listed, dict) else []
        if not names or not all(names):
            answer.refuse('names no market, as in {"markets": [{"name": "BTC-USD"}]}')
        return names

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        try:
            return self._send(method, path, body)
        except NoAnswerError as error:
            told = str(error)
        pytest.fail(told, pytrace=False)

    def _send(self, method: str, path: str, body: bytes | None = None) -> Answer:
        asked = f"{method} {self.url}{path}"
        headers = {"Content-Type": "application/json"} if body else {}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310  (checked: HTTP)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return Answer(asked, answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(asked, error.code, error.read())
        except (OSError, ValueError) as error:
            raise NoAnswerError(f"{asked} was not answered: {getattr(error, 'reason', error)}") from error


def wait_for(ask: Callable[[], Found | None], *, seconds: float, otherwise: str) -> Found:
    """The first thing that is found; a failure that says `otherwise` when nothing was in time."""
    ends = time.monotonic() + seconds
    while True:
        if found := ask():
            return found
        if time.monotonic() > ends:
            pytest.fail(f"{otherwise}, {seconds:.0f} s later", pytrace=False)
        time.sleep(0.5)

"""Asks an exchange as its users do: by HTTP alone, with bounded waits, and with failures that say what was wrong."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import pytest

SECONDS = 10.0  # for one answer
Result = TypeVar("Result")


class NoAnswerError(Exception):
    """Nobody answered a request, or not by HTTP."""


@dataclass(frozen=True)
class Answer:
    """An answer; `request` is the method and address, as failures name it."""

    request: str
    status: int
    body: bytes

    def text(self) -> str:
        """Return the body of a good answer; fail the test at any other."""
        if self.status not in (200, 201):
            self.refuse(f"answers {self.status}")
        return self.body.decode(errors="replace")

    def data(self) -> Any:
        """Return the JSON of a good answer; fail the test at any other."""
        try:
            return json.loads(self.text())
        except ValueError:
            self.refuse("answers something that is not JSON; does this address lead to the API?")

    def refuse(self, why: str) -> NoReturn:
        """Fail the test, and show the beginning of the answer, which often says more."""
        beginning = " ".join(self.body[:300].decode(errors="replace").split())
        pytest.fail(f"{self.request} {why}: {beginning or '(empty)'}", pytrace=False)


@dataclass(frozen=True)
class Exchange:
    """An exchange to ask; `url` has no slash at its end, `token` is sent as bearer token unless it is empty."""

    url: str
    token: str = field(default="", repr=False)

    def reach(self) -> None:
        """Raise NoAnswerError unless somebody answers, whatever the answer is."""
        self._send("GET", "/")

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, values: Mapping[str, Any]) -> Answer:
        return self._ask("POST", path, json.dumps(values).encode())

    def markets(self) -> list[str]:
        """Return the names of the markets; fail the test unless there is at least one."""
        answer = self.get("/api/v1/markets")
        data = answer.data()
        names = [market.get("name") for market in data.get("markets", [])] if isinstance(data, dict) else []
        if not names or not all(names):
            answer.refuse('names no market, as in {"markets": [{"name": "BTC-USD"}]}')
        return names

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        try:
            return self._send(method, path, body)
        except NoAnswerError as error:
            reason = str(error)
        pytest.fail(reason, pytrace=False)

    def _send(self, method: str, path: str, body: bytes | None = None) -> Answer:
        line = f"{method} {self.url}{path}"
        headers = {"Content-Type": "application/json"} if body else {}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310  (checked: HTTP)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return Answer(line, answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(line, error.code, error.read())
        except (OSError, ValueError) as error:
            raise NoAnswerError(f"{line} was not answered: {getattr(error, 'reason', error)}") from error


def wait_for(ask: Callable[[], Result | None], *, seconds: float, otherwise: str) -> Result:
    """Return the first result of `ask` that is not empty; fail with `otherwise` if none comes in time."""
    ends = time.monotonic() + seconds
    while True:
        if result := ask():
            return result
        if time.monotonic() > ends:
            pytest.fail(f"{otherwise}, {seconds:.0f} s later", pytrace=False)
        time.sleep(0.5)

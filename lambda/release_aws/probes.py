"""HTTP requests, all at once. A connection is tried again; an answer never is, for it is the finding."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from time import monotonic
from typing import Any, NamedTuple

from release_engine.samples import Answer

_THREADS = 32
_TRIES = 3
_LONGEST_SECONDS = 30.0  # a probe in depth asks databases, so it may take long
_LARGEST_BODY = 65536


class Question(NamedTuple):
    """What to ask of whom."""

    host: str
    port: int
    path: str


def ask(questions: Sequence[Question], seconds: float) -> list[Answer]:
    """One answer for each, in order, within `seconds`; what could not be asked in that time counts as not taken."""
    if not questions:
        return []
    deadline = monotonic() + seconds
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(questions))) as pool:
        return list(pool.map(lambda question: _ask(question, deadline), questions))


def _ask(question: Question, deadline: float) -> Answer:
    address, trouble = f"{question.host}:{question.port}{question.path}", "out of time"
    for _ in range(_TRIES):
        left = deadline - monotonic()
        if left <= 0:
            break
        connection = HTTPConnection(question.host, question.port, timeout=min(left, _LONGEST_SECONDS))
        with closing(connection):
            try:
                connection.connect()
            except OSError as error:
                trouble = _said(error)
                continue
            return _answer(connection, question.path, address, deadline)
    return Answer(address, None, trouble=trouble)


def _answer(connection: HTTPConnection, path: str, address: str, deadline: float) -> Answer:
    """Status 0: it took the request and never answered, which a user would call an error."""
    began = monotonic()
    try:
        connection.request("GET", path, headers={"User-Agent": "release-gate", "Connection": "close"})
        response = connection.getresponse()
        body = _json(response.read(_LARGEST_BODY))
    except (OSError, HTTPException) as error:
        ours = monotonic() >= deadline  # it was given up because this function had no more time
        return Answer(address, None if ours else 0, trouble="out of time" if ours else _said(error))
    return Answer(address, response.status, round((monotonic() - began) * 1000), body)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _json(text: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

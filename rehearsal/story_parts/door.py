"""One request at the door, as a user makes it."""

import urllib.error
import urllib.request
from email.message import Message
from typing import NamedTuple

from rehearsal.stage import Stage
from rehearsal.traffic_program import without_verification

PATIENCE = 10.0


class Answer(NamedTuple):
    """`digest` is the version that answered."""

    status: int
    digest: str
    headers: Message
    body: bytes


def ask(stage: Stage, path: str) -> Answer:
    """Whatever it answers, an error too."""
    host = {"Host": stage.settings.domain.name} if stage.settings.domain else {}
    request = urllib.request.Request(stage.door + path, headers=host)  # noqa: S310  (loopback)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=without_verification()) as answer:  # noqa: S310
            return _answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Message, body: bytes) -> Answer:
    return Answer(status, headers.get("X-Release-Digest", ""), headers, body)

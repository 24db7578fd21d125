"""Looking at executions."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from release_aws.executions import Executions
from tests.unit.aws.answers import error


class Client:
    """A history of 450 events in pages, newest first; counts the pages that were read."""

    def __init__(self) -> None:
        self.pages = 0

    def get_paginator(self, _operation: str) -> "Client":
        return self

    def paginate(self, **_request: Any) -> Iterator[dict[str, Any]]:
        for newest in range(450, 0, -200):
            self.pages += 1
            yield {"events": [{"id": id_} for id_ in range(newest, max(newest - 200, 0), -1)]}

    def describe_execution(self, **_request: Any) -> dict[str, Any]:
        raise error("AccessDeniedException")


def test_events_come_oldest_first_from_all_pages() -> None:
    events = Executions(Client()).events_after("arn", 0)
    assert [event["id"] for event in events] == list(range(1, 451))


def test_only_as_much_of_the_past_is_read_as_is_new() -> None:
    client = Client()
    assert [event["id"] for event in Executions(client).events_after("arn", 447)] == [448, 449, 450]
    assert client.pages == 1


def test_a_refusal_is_not_taken_for_an_execution_that_does_not_exist() -> None:
    with pytest.raises(ClientError):
        Executions(Client()).status("arn")

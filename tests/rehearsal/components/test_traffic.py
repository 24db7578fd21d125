"""Users' traffic, against a component itself."""

import asyncio

import pytest

from rehearsal.traffic import Traffic
from rehearsal.traffic_program import Users
from tests.rehearsal.components.conftest import Exchange


def _users_of_a_backend(exchange: Exchange, fault: str) -> tuple[str, Traffic]:
    backend = exchange.start("backend", "web", fault=fault).wait_until_serving("/up")
    return backend.digest, Traffic(backend.base, host="exchange.example.com")


def test_every_request_is_counted_with_the_version_that_answered(exchange: Exchange) -> None:
    digest, traffic = _users_of_a_backend(exchange, "none")
    with traffic:
        traffic.begin("quiet day")
        traffic.wait_for_requests("quiet day")
        seen = traffic.end("quiet day")
    assert seen["backend"]["requests"] > 0
    assert seen["backend"]["failures"] == 0
    assert seen["backend"]["digests"] == {digest: seen["backend"]["requests"]}


def test_what_is_not_a_good_answer_is_a_failure_with_an_example(exchange: Exchange) -> None:
    _, traffic = _users_of_a_backend(exchange, "errors-for-a-fifth")
    with traffic:
        traffic.begin("bad day")
        traffic.wait_for_requests("bad day")
        seen = traffic.end("bad day")
    assert seen["client"]["failures"] == seen["client"]["requests"]  # a backend has no pages: 404
    assert 0 < seen["backend"]["failures"] < seen["backend"]["requests"]
    assert "500" in " ".join(seen["backend"]["examples"])


def test_nobody_answering_is_a_failure_and_idle_users_send_nothing(exchange: Exchange) -> None:
    with Traffic(f"http://{next(exchange.addresses)}:3000", host="exchange.example.com") as traffic:
        traffic.begin("outage")
        traffic.wait_for_requests("outage")
        seen = traffic.end("outage")
        assert traffic.end("outage") == seen
    assert seen["backend"]["failures"] == seen["backend"]["requests"] > 0


def test_traffic_to_another_machine_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        asyncio.run(Users("http://192.0.2.1:80", "exchange.example.com", 1).run())

"""The client, in front of a real backend."""

import re

from tests.rehearsal.components.conftest import Exchange
from tests.rehearsal.components.programs import Running


def _client(exchange: Exchange, backend: str, *, fault: str = "none") -> Running:
    return exchange.start("client", "web", fault=fault, BACKEND_URL=backend).wait_until_serving("/api/health")


def test_the_page_shows_the_backends_markets_and_names_an_asset_that_is_served(exchange: Exchange) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    client = _client(exchange, backend.base)
    page = client.get("/")
    assert page.status == 200
    assert "BTC-USD" in page.body
    named = re.findall(r'(?:src|href)="(/_next/static/\w+\.(?:js|css))"', page.body)
    assert len(named) == 2
    assert [client.get(path).status for path in named] == [200, 200]
    assert client.get("/_next/static/0000.js").status == 404


def test_without_a_backend_it_lives_but_is_not_ready(exchange: Exchange) -> None:
    client = _client(exchange, "http://127.0.0.1:1")
    assert client.get("/api/health").status == 200
    assert client.get("/health/ready").status == 503
    assert client.get("/").status == 503


def test_its_requests_go_through_the_service_connect_proxy(exchange: Exchange) -> None:
    proxy = exchange.start("backend", "web").wait_until_serving("/up")
    client = exchange.start("client", "web", BACKEND_URL="http://backend:3000", http_proxy=proxy.base)
    client.wait_until_serving("/api/health")
    answer = client.get("/health/ready")
    assert answer.body["checks"]["backend"] == "the backend answered 404"  # it was asked for http://backend:3000/...


def test_a_fifth_of_the_pages_fail_when_that_is_the_fault_and_readiness_does_not_show_it(exchange: Exchange) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    client = _client(exchange, backend.base, fault="errors-for-a-fifth")
    assert [client.get("/").status for _ in range(20)].count(500) == 4
    assert client.get("/health/ready").status == 200


def test_a_version_that_never_becomes_ready_says_so(exchange: Exchange) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    client = _client(exchange, backend.base, fault="not-ready")
    answer = client.get("/health/ready")
    assert answer.status == 503
    assert answer.body["checks"]["application"] == "this version never becomes ready"


def test_it_is_small_and_ends_cleanly(exchange: Exchange) -> None:
    client = _client(exchange, "http://127.0.0.1:1")
    assert client.memory_mb() < 25
    assert client.terminate() == 0

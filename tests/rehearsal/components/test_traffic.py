"""Users' traffic, against a component itself."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

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


def test_f31_a_page_is_followed_by_one_of_its_assets_at_the_same_rate_of_requests(exchange: Exchange) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    client = exchange.start("client", "web", BACKEND_URL=backend.base).wait_until_serving("/api/health")
    with Traffic(client.base, host="exchange.example.com") as traffic:
        traffic.begin("quiet day")
        sleep(5)
        seen = traffic.end("quiet day")
    requests = sum(count["requests"] for count in seen.values())
    assets = seen["client"]["assets"]
    assert 240 < requests < 360
    assert 0.18 < assets["asked"] / requests < 0.32
    assert (assets["foreign"], assets["missing"]) == (0, 0)
    assert seen["client"]["failures"] == 0
    assert seen["client"]["digests"] == {client.digest: seen["client"]["requests"]}


class _OnlyAPage(BaseHTTPRequestHandler):
    """Has a page, and nothing of what it names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        page = b'<script src="/_next/static/gone.js"></script>' if self.path == "/" else b""
        self.send_response(200 if page else 404)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def _a_page_without_its_assets() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _OnlyAPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_f31_an_asset_that_is_not_found_is_a_failed_request() -> None:
    with _a_page_without_its_assets() as place, Traffic(place, host="exchange.example.com") as traffic:
        traffic.begin("bad day")
        sleep(2)
        seen = traffic.end("bad day")["client"]
    assert seen["assets"]["missing"] == seen["assets"]["asked"] > 0
    assert seen["failures"] == seen["assets"]["missing"]
    assert "/_next/static/gone.js: 404" in " ".join(seen["examples"])


class _HangsUp(BaseHTTPRequestHandler):
    """Closes a connection soon after it was used, without a word, as a load balancer does with an idle one."""

    protocol_version = "HTTP/1.1"
    timeout = 0.02

    def do_GET(self) -> None:
        self._say(b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._say(b'{"id": "1"}')

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_an_order_goes_on_a_new_connection_when_the_kept_one_was_closed_for_being_idle() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _HangsUp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Traffic(f"http://127.0.0.1:{server.server_address[1]}", host="exchange.example.com") as traffic:
            traffic.begin("quiet day")
            sleep(3)
            seen = traffic.end("quiet day")["backend"]
        server.shutdown()
    assert seen["requests"] > 40
    assert seen["failures"] == 0, seen["examples"]


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

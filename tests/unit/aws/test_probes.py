"""Probes against a real server on this machine."""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from release_aws.probes import Question, ask


class Pages(BaseHTTPRequestHandler):
    """Answers by path; counts what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/hangs":
            time.sleep(0.2)
        if self.path == "/cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = b'{"status": "ok"}' if self.path == "/json" else b"[1]" if self.path == "/list" else b"<html>"
        self.send_response(503 if self.path == "/503" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Lets more than five connections wait."""

    request_queue_size = 64


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = Server(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/json", 200, {"status": "ok"}), ("/html", 200, None), ("/list", 200, None), ("/503", 503, None)],
)
def test_an_answer_comes_with_its_status_and_its_json(
    port: int, path: str, status: int, body: dict[str, str] | None
) -> None:
    [answer] = ask([Question("127.0.0.1", port, path)], 5)
    assert (answer.status, answer.body) == (status, body)
    assert answer.address == f"127.0.0.1:{port}{path}"


def test_an_answer_is_never_asked_for_again(port: int) -> None:
    Pages.asked.clear()
    ask([Question("127.0.0.1", port, "/503")], 5)
    assert Pages.asked == ["/503"]


def test_a_connection_that_is_cut_after_the_request_is_a_bad_answer(port: int) -> None:
    [answer] = ask([Question("127.0.0.1", port, "/cut")], 5)
    assert answer.status == 0
    assert answer.trouble


def test_a_connection_that_fails_could_not_be_taken() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        [answer] = ask([Question("127.0.0.1", unused.getsockname()[1], "/")], 5)
    assert answer.status is None
    assert answer.trouble.startswith("ConnectionRefusedError")


def test_a_connection_is_tried_again(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = socket.socket.connect_ex, iter([errno.EHOSTUNREACH, errno.ETIMEDOUT])
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, to: next(failures, 0) or real(self, to))
    [answer] = ask([Question("127.0.0.1", port, "/json")], 5)
    assert answer.status == 200


def test_a_connection_that_hangs_is_given_up_after_three_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def hang(connection: socket.socket, _to: object) -> int:
        """As one that was never connected: it cannot be written, so nothing ever comes of it."""
        tries.append(connection.fileno())
        connection.bind(("127.0.0.1", 0))
        connection.listen()
        return errno.EINPROGRESS

    monkeypatch.setattr(socket.socket, "connect_ex", hang)
    monkeypatch.setattr("release_aws.probes._LONGEST_SECONDS", 0.05)
    [answer] = ask([Question("127.0.0.1", 1, "/")], 5)
    assert (answer.status, answer.trouble, len(tries)) == (None, "TimeoutError: timed out", 3)


def test_an_answer_that_takes_too_long_is_a_bad_answer(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("release_aws.probes._LONGEST_SECONDS", 0.1)
    [answer] = ask([Question("127.0.0.1", port, "/hangs")], 5)
    assert (answer.status, answer.trouble) == (0, "TimeoutError: timed out")


def test_a_host_that_is_no_address_could_not_be_taken() -> None:
    [answer] = ask([Question("no address", 80, "/")], 5)
    assert answer.status is None


def test_running_out_of_our_own_time_is_no_finding(port: int) -> None:
    hanging, late = ask([Question("127.0.0.1", port, "/hangs")], 0.1), ask([Question("127.0.0.1", port, "/json")], 0)
    assert (hanging[0].status, hanging[0].trouble) == (None, "out of time")
    assert (late[0].status, late[0].trouble) == (None, "out of time")


def test_all_are_asked_at_once(port: int) -> None:
    began = time.monotonic()
    answers = ask([Question("127.0.0.1", port, "/hangs")] * 16, 10)
    assert {answer.status for answer in answers} == {200}
    assert time.monotonic() - began < 1.6
    assert ask([], 5) == []


def test_answers_come_in_the_order_of_their_questions_however_many(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("release_aws.probes._AT_ONCE", 3)
    paths = ["/hangs", "/503", "/json", "/cut", "/html"] * 2
    answers = ask([Question("127.0.0.1", port, path) for path in paths], 10)
    assert [answer.address.rpartition("/")[2] for answer in answers] == [path[1:] for path in paths]
    assert [answer.status for answer in answers] == [200, 503, 200, 0, 200] * 2


def test_the_wait_for_a_connection_is_no_latency(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.connect_ex

    def slow(connection: socket.socket, to: object) -> int:
        time.sleep(0.2)
        return real(connection, to)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect_ex", slow)
    [answer] = ask([Question("127.0.0.1", port, "/json")], 5)
    assert answer.milliseconds < 200

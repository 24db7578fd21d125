"""Probes against a real server on this machine, and the reader of its answers.

A reply is known as soon as it is complete, byte by byte, and not before.
"""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from release_aws.probes import LARGEST, BrokenReplyError, Question, Reply, ask, read_reply


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


OK = b"HTTP/1.1 200 OK\r\n"
COMPLETE = {
    "with its length": (OK + b"Content-Length: 2\r\n\r\nhi", b"hi"),
    "whatever the case of a header": (OK + b"CONTENT-length:2\r\n\r\nhi", b"hi"),
    "in chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;a=b\r\n yo\r\n0\r\n", b"hi yo"),
    "in chunks, whatever length it tells": (
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
        b"hi",
    ),
    "without a body": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "after an interim answer": (
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
        b"hi",
    ),
}


@pytest.mark.parametrize(("raw", "body"), COMPLETE.values(), ids=COMPLETE)
def test_a_reply_is_complete_with_its_last_byte(raw: bytes, body: bytes) -> None:
    assert read_reply(raw, ended=False) == Reply(200, body)
    for length in range(len(raw)):
        assert read_reply(raw[:length], ended=False) is None, raw[:length]


@pytest.mark.parametrize(("raw", "_body"), COMPLETE.values(), ids=COMPLETE)
def test_a_reply_that_ends_in_its_middle_is_broken(raw: bytes, _body: bytes) -> None:
    for length in range(len(raw)):
        with pytest.raises(BrokenReplyError, match="not complete after"):
            read_reply(raw[:length], ended=True)


def test_a_reply_without_length_ends_with_its_connection() -> None:
    assert read_reply(OK + b"\r\nhi", ended=False) is None
    assert read_reply(OK + b"\r\nhi", ended=True) == Reply(200, b"hi")


@pytest.mark.parametrize("status", [204, 304])
def test_some_replies_have_no_body(status: int) -> None:
    assert read_reply(f"HTTP/1.1 {status} x\r\n\r\n".encode(), ended=False) == Reply(status, b"")


def test_a_body_that_never_ends_is_cut() -> None:
    assert read_reply(OK + b"Content-Length: 9999999\r\n\r\n" + b"x" * LARGEST, ended=False) == Reply(
        200, b"x" * LARGEST
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"x" * 70000,
    ],
)
def test_what_is_no_answer_is_broken(raw: bytes) -> None:
    with pytest.raises(BrokenReplyError):
        read_reply(raw, ended=False)

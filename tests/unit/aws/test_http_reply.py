"""Answers as servers send them, byte by byte: a reply is known as soon as it is complete, and not before."""

import pytest

from release_aws.http_reply import LARGEST, BrokenReplyError, Reply, read

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
    assert read(raw, ended=False) == Reply(200, body)
    for length in range(len(raw)):
        assert read(raw[:length], ended=False) is None, raw[:length]


@pytest.mark.parametrize(("raw", "_body"), COMPLETE.values(), ids=COMPLETE)
def test_a_reply_that_ends_in_its_middle_is_broken(raw: bytes, _body: bytes) -> None:
    for length in range(len(raw)):
        with pytest.raises(BrokenReplyError, match="not complete after"):
            read(raw[:length], ended=True)


def test_a_reply_without_length_ends_with_its_connection() -> None:
    assert read(OK + b"\r\nhi", ended=False) is None
    assert read(OK + b"\r\nhi", ended=True) == Reply(200, b"hi")


@pytest.mark.parametrize("status", [204, 304])
def test_some_replies_have_no_body(status: int) -> None:
    assert read(f"HTTP/1.1 {status} x\r\n\r\n".encode(), ended=False) == Reply(status, b"")


def test_a_body_that_never_ends_is_cut() -> None:
    assert read(OK + b"Content-Length: 9999999\r\n\r\n" + b"x" * LARGEST, ended=False) == Reply(200, b"x" * LARGEST)


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
        read(raw, ended=False)

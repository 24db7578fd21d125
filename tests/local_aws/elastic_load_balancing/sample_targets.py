"""Targets in the tests' own process, and a client that counts who answered."""

import http.client
import http.server
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Target:
    """An HTTP server that answers with its name; the tests change how."""

    name: str
    status: int = 200
    health: int = 200
    seconds: float = 0.0
    closes: bool = False
    awake: threading.Event = field(default_factory=threading.Event)
    """Health checks are answered while this is set, and wait for it while it is not."""
    seen: list[dict[str, str]] = field(default_factory=list)
    place: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        self.awake.set()

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        if handler.path == "/health":
            self.awake.wait()
            status, body = self.health, b""
        else:
            self.seen.append({key.lower(): value for key, value in handler.headers.items()})
            time.sleep(self.seconds)
            status, body = self.status, self.name.encode()
        if self.closes and handler.path != "/health":
            handler.close_connection = True
            return
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@contextmanager
def serving(target: Target) -> Iterator[Target]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            target.answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            target.answer(self)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target.place = ("127.0.0.1", server.server_address[1])
    try:
        yield target
    finally:
        server.shutdown()
        server.server_close()


def ask(url: str, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, body and header fields of one request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body=b"x" if method == "POST" else None, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


@contextmanager
def asked_all_the_while(url: str) -> Iterator[None]:
    """Send requests one after the other until the block is left: for what looks at a period that begins any time."""
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            counted(url, 4)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        over.set()
        sending.join()


def counted(url: str, requests: int, path: str = "/") -> Counter[str]:
    """Who answered how often, over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    answers: Counter[str] = Counter()
    for _ in range(requests):
        connection.request("GET", path)
        answers[connection.getresponse().read().decode()] += 1
    connection.close()
    return answers

"""What a runner finds around it: GitHub's API, and a door that speaks plain HTTP."""

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def github_api(environments: Mapping[str, list[str]]) -> Iterator[str]:
    """Environments with their reviewers, as https://docs.github.com/en/rest/deployments/environments tells them."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/environments/")[2]
            if self.headers["Authorization"] != "Bearer a-token" or name not in environments:
                self.send_error(404)
                return
            reviewers = [{"type": "User", "reviewer": {"login": login}} for login in environments[name]]
            rules = [{"id": 1, "type": "required_reviewers", "reviewers": reviewers}] if reviewers else []
            _reply(self, 200, "application/json", json.dumps({"name": name, "protection_rules": rules}).encode())

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with _serving(Api) as url:
        yield url


@contextmanager
def plain_door(door: str, host: str) -> Iterator[str]:
    """Hands requests on to the load balancer, whose certificate nobody has signed, under the name that it serves."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._hand_on(None)

        def do_POST(self) -> None:
            self._hand_on(self.rfile.read(int(self.headers["Content-Length"])))

        def _hand_on(self, body: bytes | None) -> None:
            headers = {"Host": host, "Content-Type": self.headers.get("Content-Type", "text/plain")}
            request = urllib.request.Request(door + self.path, body, headers, method=self.command)  # noqa: S310
            try:
                with urllib.request.urlopen(request, timeout=10, context=trusting) as answer:  # noqa: S310
                    _reply(self, answer.status, answer.headers["Content-Type"], answer.read())
            except urllib.error.HTTPError as error:
                _reply(self, error.code, "text/plain", error.read())

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with _serving(Door) as url:
        yield url


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _reply(handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)

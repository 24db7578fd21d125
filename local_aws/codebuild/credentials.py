"""The credentials of builds: asked for, as in every container of AWS, and not in the environment.

A profile with `credential_source = EcsContainer` finds them, too.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local_aws.ministack_parts import embedding

GOOD_FOR = timedelta(hours=1)
ANSWERED_WITHIN = 30.0


class _Answer(BaseHTTPRequestHandler):
    """Root's, to whoever asks: roles are not evaluated in the local AWS."""

    timeout = ANSWERED_WITHIN

    def do_GET(self) -> None:
        said = {
            "AccessKeyId": "test",
            "SecretAccessKey": "test",
            "Token": "test",
            "Expiration": f"{datetime.now(UTC) + GOOD_FOR:%Y-%m-%dT%H:%M:%SZ}",
        }
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing: nobody reads it."""


_servers: list[ThreadingHTTPServer] = []


def open_endpoint() -> None:
    """Answers from now on, on loopback."""
    server = ThreadingHTTPServer((embedding.HOST, 0), _Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="build-credentials").start()
    _servers[:] = [server]


def uri() -> str:
    """Return the address at which builds ask for credentials."""
    return f"http://{embedding.HOST}:{_servers[0].server_port}/credentials"


def close_endpoint() -> None:
    """Close the endpoint of credentials."""
    for server in _servers:
        server.shutdown()
        server.server_close()
    _servers.clear()

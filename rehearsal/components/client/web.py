"""Pages rendered on the server, from the backend's data."""

import hashlib
import html
import json
from collections.abc import Mapping
from typing import Any

from ..base.health import NotReadyError, readiness
from ..base.http_client import NoAnswerError, get
from ..base.http_server import HttpServer, Request, Response, as_json
from ..base.process import Process

PATIENCE = 5.0
PAGE = "text/html; charset=utf-8"


class Client:
    """Answers requests."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._backend = process.environment["BACKEND_URL"].rstrip("/")
        self._asset = f"/_next/static/{hashlib.sha256(process.identity.version.encode()).hexdigest()[:16]}.js"

    def answer(self, request: Request) -> Response:
        if request.path == "/api/health":
            return as_json(200, {"status": "ok"})
        if request.path == "/health/ready":
            return readiness(self._process, {"backend": self._markets})
        if self._process.faults.spoils():
            return Response(500, b"Internal Server Error", "text/plain")
        if request.path == self._asset:
            return Response(200, b"document.title = 'exchange';\n", "text/javascript")
        if request.path == "/":
            return self._home()
        return Response(404, b"<h1>This page could not be found</h1>", PAGE)

    def _home(self) -> Response:
        try:
            markets = self._markets()
        except (NoAnswerError, NotReadyError) as error:
            return Response(503, html.escape(str(error)).encode(), PAGE)
        return Response(200, self._page(markets).encode(), PAGE)

    def _markets(self) -> list[Mapping[str, Any]]:
        status, body = get(f"{self._backend}/api/v1/markets", seconds=PATIENCE)
        if status != 200:
            raise NotReadyError(f"the backend answered {status}")
        markets: list[Mapping[str, Any]] = json.loads(body)["markets"]
        return markets

    def _page(self, markets: list[Mapping[str, Any]]) -> str:
        rows = "".join(f"<li>{html.escape(market['name'])}: {market['last_price'] or '-'}</li>" for market in markets)
        return f"<!doctype html><title>exchange</title><ul>{rows}</ul><script src={self._asset}></script>"


def main() -> None:
    process = Process()
    process.begin()
    HttpServer(process, Client(process).answer).serve()

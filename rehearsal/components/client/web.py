"""The web: it renders a page from the backend's markets, and serves assets."""

import html
import json
from collections.abc import Mapping
from typing import Any

from ..base.plain_http import HttpServer, NoAnswerError, NotReadyError, Request, Response, as_json, get, readiness
from ..base.process import Process
from .assets import Assets

PATIENCE = 5.0
PAGE = "text/html; charset=utf-8"


class Client:
    """Answers the requests of users, the load balancer and the gate."""

    def __init__(self, process: Process, assets: Assets) -> None:
        self._process, self._assets = process, assets
        self._backend = process.environment["BACKEND_URL"].rstrip("/")
        self._head = "".join(map(_tag, assets.own))

    def answer(self, request: Request) -> Response:
        if request.path == "/api/health":
            return as_json(200, {"status": "ok"})
        if request.path == "/health/ready":
            return readiness(self._process, {"backend": self._markets, "assets": self._assets.are_kept})
        if self._process.faults.spoils():
            return Response(500, b"Internal Server Error", "text/plain")
        if self._assets.serves(request.path):
            return self._assets.answer(request.path)
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
        shown = markets if self._process.faults.shows else []
        rows = "".join(f"<li>{html.escape(market['name'])}: {market['last_price'] or '-'}</li>" for market in shown)
        return f"<!doctype html><title>exchange</title>{self._head}<ul>{rows}</ul>"


def _tag(path: str) -> str:
    """Return the HTML by which a page names an asset."""
    kind = {"css": '<link rel="stylesheet" href="{}">', "js": '<script defer src="{}"></script>'}
    return kind[path.rpartition(".")[2]].format(path)


def main() -> None:
    process = Process()
    process.begin()
    assets = Assets(process)
    assets.begin()
    HttpServer(process, Client(process, assets).answer).serve()

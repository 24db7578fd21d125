"""The API: markets and orders."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from ..base.data import DataServiceError
from ..base.plain_http import Check, HttpServer, Request, Response, as_json, metrics, readiness
from ..base.process import Process
from .stores import Stores, figures, open_stores

NOT_FOUND = as_json(404, {"error": "not found"})


class Api:
    """Answers the requests of users, the load balancer and the gate."""

    def __init__(self, process: Process, stores: Stores) -> None:
        self._process, self._stores = process, stores
        self._routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/up"): lambda _: as_json(200, {"status": "ok"}),
            ("GET", "/health/ready"): lambda _: readiness(process, self._checks()),
            ("GET", "/metrics"): lambda _: metrics(figures(stores)),
            ("GET", "/api/v1/markets"): self._markets,
            ("POST", "/api/v1/orders"): self._place_order,
        }

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/api/") and self._process.faults.spoils():
            return as_json(500, {"error": "this version fails"})
        route = self._routes.get((request.method, request.path))
        try:
            if route is not None:
                return route(request)
            if request.path.startswith("/api/v1/orders/"):
                return self._order(request.path.rpartition("/")[2])
        except DataServiceError as error:
            return as_json(503, {"error": str(error)})
        return NOT_FOUND

    def _checks(self) -> dict[str, Check]:
        stores = self._stores
        return {
            "database": lambda: stores.database.rows("select count(*) from markets"),
            "cache": lambda: stores.cache.command("PING"),
            "kafka": lambda: stores.stream.end_offset("orders"),
        }

    def _markets(self, _request: Request) -> Response:
        rows = self._stores.database.rows(
            "select name, tick_size, (select price from trades where market = name order by sequence desc limit 1)"
            " from markets order by name"
        )
        markets = [dict(zip(("name", "tick_size", "last_price"), row, strict=True)) for row in rows]
        return as_json(200, {"markets": markets})

    def _place_order(self, request: Request) -> Response:
        try:
            order = _order_in(json.loads(request.body))
        except (ValueError, KeyError, TypeError) as error:
            return as_json(400, {"error": f"not an order: {error!r}"})
        self._stores.database.change(
            "insert or ignore into orders values (?, ?, ?, ?, ?, 'accepted')",
            *(order[key] for key in ("id", "market", "side", "price", "quantity")),
        )
        self._stores.stream.produce("orders", order)
        self._stores.enqueue(f"confirm {order['id']}")
        return as_json(201, order)

    def _order(self, order_id: str) -> Response:
        rows = self._stores.database.rows(
            "select market, side, price, quantity, status from orders where id = ?", order_id
        )
        if not rows:
            return NOT_FOUND
        order = dict(zip(("market", "side", "price", "quantity", "status"), rows[0], strict=True))
        return as_json(200, {"id": order_id, **order, "trades": self._trades(order_id)})

    def _trades(self, order_id: str) -> list[dict[str, Any]]:
        """Return the order's trades so far, as the kafka-consumer has written them."""
        rows = self._stores.database.rows(
            "select sequence, price, quantity from trades where ? in (buy_order, sell_order) order by sequence",
            order_id,
        )
        return [dict(zip(("sequence", "price", "quantity"), row, strict=True)) for row in rows]


def _order_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return the order that a body describes, with a new id; ValueError, KeyError or TypeError if it is none."""
    side, price, quantity = str(body["side"]), int(body["price"]), int(body["quantity"])
    if side not in ("buy", "sell") or price <= 0 or quantity <= 0:
        raise ValueError("side is buy or sell; price and quantity are above 0")
    return {
        "id": uuid.uuid4().hex,
        "market": str(body["market"]),
        "side": side,
        "price": price,
        "quantity": quantity,
    }


def main() -> None:
    process = Process()
    process.begin()
    open_stores(process)
    stores = Stores(process.faults.misled(process.environment))
    HttpServer(process, Api(process, stores).answer).serve()

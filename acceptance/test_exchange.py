"""The components work together: the backend answers, the client shows what it says, the engine trades.

An order that the API took comes back as a trade, through Kafka both ways.
"""

import html
import re
from typing import Any

from acceptance.exchange import Exchange, wait_for


def test_the_backend_is_up(exchange: Exchange) -> None:
    assert exchange.get("/up").text()


def test_the_api_lists_markets(exchange: Exchange) -> None:
    assert exchange.markets()


def test_a_page_shows_the_markets_that_the_backend_lists(exchange: Exchange) -> None:
    page = html.unescape(exchange.get("/").text())
    missing = [name for name in exchange.markets() if name not in page]
    assert not missing, f"the page {exchange.url}/ does not show {', '.join(missing)}, which the API lists"


def test_the_page_is_the_clients_own(exchange: Exchange) -> None:
    """The API's answer has the same names in it, so the page must be HTML."""
    page = exchange.get("/").text()
    assert re.search("<(!doctype )?html", page, re.IGNORECASE), f"{exchange.url}/ is no HTML page: {page[:300]}"


PRICE, QUANTITY = 100, 1


def test_an_order_comes_back_as_a_trade(exchange: Exchange, market: str, patience: float) -> None:
    """A buyer and a seller at one price trade with each other, or with somebody who was sooner at a better price.

    So a limit is what holds on a market where others trade, too: the buyer pays no more, the seller gets no less.
    """
    bought, sold = (place(exchange, market, side) for side in ("buy", "sell"))
    traded = wait_for(
        lambda: both if all(both := (trades(exchange, bought), trades(exchange, sold))) else None,
        seconds=patience,
        otherwise=f"the backend took the orders {bought} and {sold} of {market}, but no trade of theirs has come back: "
        "the engine does not match, or the backend's kafka-consumer does not write down what it says",
    )
    paid, got = ([trade["price"] for trade in of_order] for of_order in traded)
    assert max(paid) <= PRICE, f"the buyer's limit was {PRICE}, and it paid {paid}"
    assert min(got) >= PRICE, f"the seller's limit was {PRICE}, and it got {got}"


def place(exchange: Exchange, market: str, side: str) -> str:
    """Place an order; return its id."""
    order = {"market": market, "side": side, "price": PRICE, "quantity": QUANTITY}
    answer = exchange.post("/api/v1/orders", order)
    data = answer.data()
    return str(data["id"]) if isinstance(data, dict) and "id" in data else answer.refuse("says no id of the order")


def trades(exchange: Exchange, order: str) -> list[Any]:
    """Return the order's trades that the backend knows of."""
    answer = exchange.get(f"/api/v1/orders/{order}")
    data = answer.data()
    if not isinstance(data, dict) or "trades" not in data:
        answer.refuse("says nothing of the order's trades")
    order_trades: list[Any] = data["trades"]
    return order_trades

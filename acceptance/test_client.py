"""Client to backend: a page that the client renders shows what the backend says."""

import html
import re

from acceptance.exchange import Exchange


def test_a_page_shows_the_markets_that_the_backend_lists(exchange: Exchange) -> None:
    page = html.unescape(exchange.get("/").text())
    missing = [name for name in exchange.markets() if name not in page]
    assert not missing, f"the page {exchange.url}/ does not show {', '.join(missing)}, which the API lists"


def test_the_page_is_the_clients_own(exchange: Exchange) -> None:
    """Not the API's answer, which has the same names in it."""
    page = exchange.get("/").text()
    assert re.search("<(!doctype )?html", page, re.IGNORECASE), f"{exchange.url}/ is no HTML page: {page[:300]}"

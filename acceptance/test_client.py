"""Client to backend: a page that the client renders shows what the backend says."""

import html

import pytest

from acceptance.exchange import Exchange


def test_a_page_shows_the_markets_that_the_backend_lists(exchange: Exchange) -> None:
    page = html.unescape(exchange.get("/").text())
    missing = [name for name in exchange.markets() if name not in page]
    if missing:
        pytest.fail(f"the page {exchange.url}/ does not show {', '.join(missing)}, which the API lists", pytrace=False)


def test_the_page_is_the_clients_own(exchange: Exchange) -> None:
    """Not the API's answer, which has the same names in it."""
    answer = exchange.get("/")
    if "<html" not in (page := answer.text().lower()) and "<!doctype html" not in page:
        answer.refuse("is no HTML page")

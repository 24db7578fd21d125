"""Backend API availability."""

from acceptance.exchange import Exchange


def test_the_backend_is_up(exchange: Exchange) -> None:
    assert exchange.get("/up").text()


def test_the_api_lists_markets(exchange: Exchange) -> None:
    assert exchange.markets()

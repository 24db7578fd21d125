"""The engine: one writer, whose state follows from the orders."""

import pytest

from rehearsal.components.engine.book import Books, Order
from tests.rehearsal.components.conftest import TOKEN, Exchange
from tests.rehearsal.components.programs import Running, wait_until


def _order(number: int, side: str, price: int, quantity: int) -> Order:
    return {"id": str(number), "market": "BTC-USD", "side": side, "price": price, "quantity": quantity}


ORDERS = [_order(1, "sell", 101, 5), _order(2, "sell", 100, 2), _order(3, "buy", 101, 4), _order(4, "buy", 90, 1)]


def _engine(exchange: Exchange, *, folder: str = "work") -> Running:
    return exchange.start("engine", "engine", WORK_FOLDER=folder).wait_until_serving("/health/ready")


def _feed(exchange: Exchange) -> None:
    for order in ORDERS:
        exchange.stream.produce("orders", order)


def test_the_best_price_trades_first_then_the_next() -> None:
    books = Books()
    trades = [trade for order in ORDERS for trade in books.place(order)]
    assert [(trade["price"], trade["quantity"], trade["sell_order"]) for trade in trades] == [
        (100, 2, "2"),
        (101, 2, "1"),
    ]
    assert [trade["sequence"] for trade in trades] == [1, 2]


def test_an_order_that_comes_twice_trades_once() -> None:
    books = Books()
    assert [len(books.place(order)) for order in [*ORDERS, ORDERS[2]]] == [0, 0, 2, 0, 0]


def test_orders_become_trades(exchange: Exchange) -> None:
    engine = _engine(exchange)
    _feed(exchange)
    wait_until(lambda: engine.get("/admin/sequence").body == {"sequence": 2, "position": 4})
    assert [message["value"]["price"] for message in exchange.stream.fetch("trades", "test")] == [100, 101]


def test_f26_a_successor_replays_to_the_same_hash_and_writes_no_trade_twice(exchange: Exchange) -> None:
    first = _engine(exchange)
    _feed(exchange)
    wait_until(lambda: first.get("/admin/sequence").body["position"] == 4)
    before = first.get("/admin/state-hash").body
    assert first.terminate() == 0
    second = _engine(exchange)
    assert second.get("/admin/state-hash").body == before
    assert exchange.stream.end_offset("trades") == 2


def test_f23_a_second_engine_on_the_same_working_folder_ends_at_once(exchange: Exchange) -> None:
    folder = str(exchange.folder / "volume")
    _engine(exchange, folder=folder)
    second = exchange.start("engine", "engine", WORK_FOLDER=folder)
    assert second.process.wait(timeout=120) == 1


def test_a_halted_engine_reads_no_order_until_it_is_opened(exchange: Exchange) -> None:
    engine = _engine(exchange)
    secret = {"Authorization": f"Bearer {TOKEN}"}
    assert engine.post("/admin/mode", {"mode": "halted"}).status == 403
    assert engine.post("/admin/mode", {"mode": "halted"}, **secret).body == {"mode": "halted"}
    wait_until(lambda: engine.get("/admin/mode").body == {"mode": "halted"})
    _feed(exchange)
    assert engine.post("/admin/mode", {"mode": "open"}, **secret).status == 200
    wait_until(lambda: engine.metrics()["orders_lag"] == 0)


@pytest.mark.parametrize("body", [{"mode": "party"}, {}])
def test_an_unknown_mode_is_refused(exchange: Exchange, body: dict[str, str]) -> None:
    engine = _engine(exchange)
    assert engine.post("/admin/mode", body, Authorization=f"Bearer {TOKEN}").status == 400


def test_it_is_small_and_ends_cleanly(exchange: Exchange) -> None:
    engine = _engine(exchange).wait_until_healthy()
    assert engine.memory_mb() < 25
    assert engine.terminate() == 0

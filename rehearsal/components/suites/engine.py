"""The engine's own tests: python3 -m unittest suite"""

import unittest

from engine.book import Books


def order(name: str, side: str, price: int, quantity: int = 1) -> dict[str, object]:
    return {"id": name, "market": "BTC-USD", "side": side, "price": price, "quantity": quantity}


class BooksTest(unittest.TestCase):
    def test_orders_that_cross_trade_at_the_price_that_was_there_first(self) -> None:
        books = Books()
        self.assertEqual(books.place(order("1", "sell", 100)), [])
        (trade,) = books.place(order("2", "buy", 101))
        self.assertEqual((trade["price"], trade["quantity"], trade["sequence"]), (100, 1, 1))
        self.assertEqual(books.resting(), 0)

    def test_the_same_orders_give_the_same_state(self) -> None:
        first, second = Books(), Books()
        for books in (first, second):
            books.place(order("1", "sell", 100, 3))
            books.place(order("2", "buy", 100))
        self.assertEqual(first.state_hash(), second.state_hash())

    def test_an_order_that_comes_twice_trades_once(self) -> None:
        books = Books()
        books.place(order("1", "sell", 100, 2))
        self.assertEqual(len(books.place(order("2", "buy", 100))), 1)
        self.assertEqual(books.place(order("2", "buy", 100)), [])


if __name__ == "__main__":
    unittest.main()

"""Order books with price-time priority. They are deterministic: the same orders give the same trades and hash."""

import hashlib
import json
from bisect import insort
from typing import Any

Order = dict[str, Any]
Trade = dict[str, Any]


class Books:
    """One order book for each market; `sequence` numbers the trades from 1."""

    def __init__(self) -> None:
        self.sequence = 0
        self._resting: dict[tuple[str, str], list[Order]] = {}
        self._seen: set[str] = set()
        self._arrivals = 0

    def place(self, order: Order) -> list[Trade]:
        """Return the trades that the order causes; an order that comes twice causes none the second time."""
        if order["id"] in self._seen:
            return []
        self._seen.add(order["id"])
        self._arrivals += 1
        incoming = dict(order, arrival=self._arrivals)
        opposite = self._resting.setdefault((order["market"], "sell" if order["side"] == "buy" else "buy"), [])
        trades = []
        while incoming["quantity"] and opposite and _crosses(incoming, opposite[0]):
            trades.append(self._trade(incoming, opposite))
        if incoming["quantity"]:
            insort(self._resting.setdefault((order["market"], order["side"]), []), incoming, key=_priority)
        return trades

    def state_hash(self) -> str:
        """Return a hash that is equal for two engines exactly if they are in the same state."""
        resting = [[*key, orders] for key, orders in sorted(self._resting.items()) if orders]
        return hashlib.sha256(json.dumps([self.sequence, resting], sort_keys=True).encode()).hexdigest()

    def resting(self) -> int:
        """Return how many orders wait in the books."""
        return sum(map(len, self._resting.values()))

    def _trade(self, incoming: Order, opposite: list[Order]) -> Trade:
        best = opposite[0]
        quantity = min(incoming["quantity"], best["quantity"])
        for side in (incoming, best):
            side["quantity"] -= quantity
        if not best["quantity"]:
            opposite.pop(0)
        self.sequence += 1
        sides = {order["side"]: order["id"] for order in (incoming, best)}
        return {
            "sequence": self.sequence,
            "market": incoming["market"],
            "price": best["price"],
            "quantity": quantity,
            "buy_order": sides["buy"],
            "sell_order": sides["sell"],
        }


def _crosses(incoming: Order, best: Order) -> bool:
    if incoming["side"] == "buy":
        return bool(incoming["price"] >= best["price"])
    return bool(incoming["price"] <= best["price"])


def _priority(order: Order) -> tuple[int, int]:
    """Return the key that sorts buyers by the highest price, sellers by the lowest, then by who came first."""
    return (-order["price"] if order["side"] == "buy" else order["price"], order["arrival"])

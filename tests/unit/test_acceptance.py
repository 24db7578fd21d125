"""What the acceptance suite says of an exchange that trades well, and of one that does not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from acceptance.exchange import Answer, Exchange
from acceptance.test_exchange import test_an_order_comes_back_as_a_trade as order_comes_back


@dataclass(frozen=True)
class TradingExchange(Exchange):
    """Takes every order; its trades have the `prices` of the order's side."""

    prices: Mapping[str, Sequence[int]] | None = None

    def post(self, path: str, values: Mapping[str, Any]) -> Answer:
        return Answer(path, 201, json.dumps({"id": values["side"]}).encode())

    def get(self, path: str) -> Answer:
        prices = (self.prices or {}).get(path.rpartition("/")[2], ())
        return Answer(path, 200, json.dumps({"trades": [{"price": price} for price in prices]}).encode())


def judged(**prices: Sequence[int]) -> None:
    order_comes_back(TradingExchange("http://exchange", prices=prices), "BTC-USD", patience=0)


@pytest.mark.parametrize(
    ("buy", "sell"),
    [([100], [100]), ([97], [103]), ([100], [103])],
    ids=["with each other", "both with somebody who was sooner", "the seller with somebody who was sooner"],
)
def test_trades_within_both_limits_are_accepted(buy: list[int], sell: list[int]) -> None:
    judged(buy=buy, sell=sell)


@pytest.mark.parametrize(
    ("buy", "sell", "refusal"),
    [
        ([101], [101], "the buyer's limit was 100, and it paid [101]"),
        ([99], [99], "the seller's limit was 100, and it got [99]"),
        ([100, 102], [100], "the buyer's limit was 100, and it paid [100, 102]"),
    ],
)
def test_a_trade_beyond_a_limit_is_refused(buy: list[int], sell: list[int], refusal: str) -> None:
    with pytest.raises(AssertionError) as refused:
        judged(buy=buy, sell=sell)
    assert refusal in str(refused.value)


@pytest.mark.parametrize("prices", [{}, {"buy": [100]}, {"sell": [100]}], ids=["none", "bought only", "sold only"])
def test_an_order_that_does_not_come_back_is_refused(prices: dict[str, list[int]]) -> None:
    with pytest.raises(pytest.fail.Exception, match="no trade of theirs has come back"):
        judged(**prices)

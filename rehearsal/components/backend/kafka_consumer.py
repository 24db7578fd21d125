"""Writes the engine's trades into the database. It may read a trade twice, and never writes it twice."""

import time
from typing import Any

from ..base.data import DataServiceError
from ..base.process import Process, Reporter
from .stores import GROUP, Stores, open_stores

FIELDS = ("sequence", "market", "price", "quantity", "buy_order", "sell_order", "writer")


def main() -> None:
    process = Process()
    process.begin()
    stores, reporter = open_stores(process), Reporter(process)
    while not process.stopping.is_set():
        process.beat()
        try:
            if process.faults.consumes:
                consume(process, stores)
            if reporter.due:
                reporter.report(ConsumerLag=(lag(stores), "Seconds"))
        except DataServiceError as error:
            process.say(f"waiting: {error}")
            process.rest(0.5)


def consume(process: Process, stores: Stores) -> None:
    """Write one batch of trades first and commit it then, so that a batch cut short is read again (F24).

    Told to stop, it writes the batch in hand to its end; what it has no time for stays uncommitted.
    """
    written = None
    for message in stores.stream.fetch("trades", GROUP, wait=0.5):
        if process.overdue:
            process.say("the rest of the batch is left to others: it could not be written in time")
            break
        write(stores, message["value"])
        written = message["offset"]
    if written is not None:
        stores.stream.commit("trades", GROUP, written + 1)


def lag(stores: Stores) -> float:
    """Return how many seconds the oldest unwritten trade has waited; 0 if there is none."""
    waiting = stores.stream.fetch("trades", GROUP)
    return max(0.0, time.time() - float(waiting[0]["value"]["at"])) if waiting else 0.0


def write(stores: Stores, trade: dict[str, Any]) -> None:
    """Write a trade unless it is written already.

    A second trade with the same sequence but another writer means two engines at once: that is written as a conflict.
    """
    marks = ", ".join("?" * len(FIELDS))
    row = [trade[field] for field in FIELDS]
    if stores.database.change(f"insert or ignore into trades values ({marks})", *row):  # noqa: S608  (only marks)
        return
    stores.database.change(
        "insert or ignore into conflicts select sequence, ? from trades where sequence = ? and writer <> ?",
        trade["writer"],
        trade["sequence"],
        trade["writer"],
    )

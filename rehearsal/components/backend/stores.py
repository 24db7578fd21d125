"""The data of the backend's four processes, and the figures of `/metrics`, which would show a lost job or trade."""

import time
from collections.abc import Mapping

from ..base.data import Cache, Database, DataServiceError, Stream
from ..base.process import Process

TABLES = (
    "create table if not exists markets (name text primary key, tick_size integer)",
    "create table if not exists orders (id text primary key, market text, side text, price integer, quantity integer,"
    " status text)",
    "create table if not exists trades (sequence integer primary key, market text, price integer, quantity integer,"
    " buy_order text, sell_order text, writer text)",
    "create table if not exists conflicts (sequence integer, writer text, primary key (sequence, writer))",
    "create table if not exists ticks (id integer primary key autoincrement, scheduler text, at real)",
    "insert or ignore into markets values ('BTC-USD', 1), ('ETH-USD', 1), ('SOL-USD', 1)",
)
QUEUE = "queue:default"
SINCE = " since "
JOBS_ENQUEUED, JOBS_DONE = "jobs:enqueued", "jobs:done"
GROUP = "backend"


class Stores:
    """The database, the cache and the stream of one process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.database = Database(environment)
        self.cache = Cache(environment)
        self.stream = Stream(environment)

    def enqueue(self, job: str) -> None:
        """Count a job and queue it with the time: counted first, a lost job shows; the time tells how long it waits."""
        self.cache.command("INCR", JOBS_ENQUEUED)
        self.cache.command("LPUSH", QUEUE, f"{job}{SINCE}{time.time():.3f}")

    def queue_latency(self) -> float:
        """Return how many seconds the oldest job has waited; 0 if none waits."""
        oldest = self.cache.command("LRANGE", QUEUE, "-1", "-1")
        _, separator, since = oldest[0].rpartition(SINCE) if oldest else ("", "", "")
        return max(0.0, time.time() - float(since)) if separator else 0.0


def open_stores(process: Process) -> Stores:
    """Return the stores when the database answers; whichever process comes first makes the tables."""
    stores = Stores(process.environment)
    while not process.stopping.is_set():
        process.beat()
        try:
            for statement in TABLES:
                stores.database.change(statement)
        except DataServiceError as error:
            process.say(f"waiting for the database: {error}")
            process.rest(1)
        else:
            break
    return stores


# Two schedulers at once: the time from one's first tick to its last overlaps another's.
OVERLAPPING_SCHEDULERS = """
    with lives as (select scheduler, min(at) began, max(at) ended from ticks group by scheduler)
    select count(*) from lives a join lives b on a.scheduler < b.scheduler and a.began < b.ended and b.began < a.ended
"""


def figures(stores: Stores) -> dict[str, float]:
    """Return the figures of `/metrics`, counted now.

    Jobs are counted in this order: one on its way may look lost, but a lost one never looks done.
    """
    return {
        "orders": _count(stores, "select count(*) from orders"),
        "orders_unconfirmed": _count(stores, "select count(*) from orders where status = 'accepted'"),
        "trades": _count(stores, "select count(*) from trades"),
        "trades_missing": _count(stores, "select coalesce(max(sequence), 0) - count(*) from trades"),
        "trades_in_conflict": _count(stores, "select count(*) from conflicts"),
        "clock_ticks": _count(stores, "select count(*) from ticks"),
        "schedulers_at_once": _count(stores, OVERLAPPING_SCHEDULERS),
        "jobs_done": stores.cache.number(JOBS_DONE),
        "jobs_waiting": int(stores.cache.command("LLEN", QUEUE)),
        "jobs_enqueued": stores.cache.number(JOBS_ENQUEUED),
        "trades_lag": stores.stream.lag("trades", GROUP),
    }


def _count(stores: Stores, sql: str) -> int:
    return int(stores.database.rows(sql)[0][0])

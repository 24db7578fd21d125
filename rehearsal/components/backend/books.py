"""The figures of `/metrics`: also what would show a lost job, a gap in the trades or two of what must be one."""

from .stores import GROUP, JOBS_DONE, JOBS_ENQUEUED, QUEUE, Stores

# Two schedulers at once: the time from one's first tick to its last overlaps another's.
OVERLAPPING_SCHEDULERS = """
    with lives as (select scheduler, min(at) began, max(at) ended from ticks group by scheduler)
    select count(*) from lives a join lives b on a.scheduler < b.scheduler and a.began < b.ended and b.began < a.ended
"""


def figures(stores: Stores) -> dict[str, float]:
    """Counted at this moment. Jobs in this order: one on its way may look lost, but a lost one never looks done."""
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

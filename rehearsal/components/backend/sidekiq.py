"""The worker: takes jobs from the queue, one at a time, and never drops one that it has taken."""

from ..base.data import DataServiceError
from ..base.process import Process
from .stores import JOBS_DONE, QUEUE, Stores, open_stores


def main() -> None:
    process = Process()
    process.begin()
    work(process, open_stores(process))
    process.say("ended, with no job in hand")


def work(process: Process, stores: Stores) -> None:
    """SIGTSTP: no new job. SIGTERM: the job in hand is finished, then it ends (F22)."""
    while not process.stopping.is_set():
        process.beat()
        if process.quiet.is_set():
            process.rest(0.1)
            continue
        try:
            taken = stores.cache.command("BRPOP", QUEUE, "0.5", wait=0.5)
        except DataServiceError as error:
            process.say(f"waiting for the cache: {error}")
            process.rest(0.5)
            continue
        if taken:
            take(process, stores, taken[1])


def take(process: Process, stores: Stores, job: str) -> None:
    """Does a job at once; but a version that drops jobs confirms orders later, beside the others."""
    later = job.startswith("confirm") and process.faults.postpones(lambda: perform(process, stores, job))
    if not later:
        perform(process, stores, job)


def perform(process: Process, stores: Stores, job: str) -> None:
    """Does a job, or puts it back."""
    kind, _, argument = job.partition(" ")
    try:
        if kind == "confirm":
            stores.database.change("update orders set status = 'confirmed' where id = ?", argument)
        stores.cache.command("INCR", JOBS_DONE)
    except DataServiceError as error:
        process.say(f"{job} goes back: {error}")
        stores.cache.command("LPUSH", QUEUE, job)

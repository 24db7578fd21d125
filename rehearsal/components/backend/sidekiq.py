"""The worker: takes jobs from the queue, one at a time, and never drops one that it has taken.

As in https://github.com/sidekiq/sidekiq/wiki/Signals, TERM quiets it at once, the job under way has DRAIN_SECONDS to
end, and one that has not ended by then goes back to the queue.
"""

import time

from ..base.data import DataServiceError
from ..base.process import Process, Reporter
from .stores import JOBS_DONE, QUEUE, Stores, open_stores


def main() -> None:
    process = Process()
    process.begin()
    work(process, open_stores(process), Reporter(process))
    process.say("ended, with no job in hand")


def work(process: Process, stores: Stores, reporter: Reporter) -> None:
    """Do jobs until the process is told to stop.

    After SIGTSTP it takes no new job; after SIGTERM neither, the job in hand ends or goes back, then it returns (F22).
    """
    while not process.stopping.is_set():
        process.beat()
        if process.quiet.is_set():
            process.rest(0.1)
            continue
        try:
            if reporter.due:
                reporter.report(QueueLatency=(stores.queue_latency(), "Seconds"))
            taken = stores.cache.command("BRPOP", QUEUE, "0.5", wait=0.5)
        except DataServiceError as error:
            process.say(f"waiting for the cache: {error}")
            process.rest(0.5)
            continue
        if taken and process.quiet.is_set():
            give_back(stores, taken[1])
        elif taken:
            take(process, stores, taken[1])


def take(process: Process, stores: Stores, job: str) -> None:
    """Do a job at once; but a version that drops jobs confirms orders later, in a thread."""
    postponed = job.startswith("confirm") and process.faults.postpones(lambda: perform(process, stores, job))
    if not postponed:
        perform(process, stores, job)


def perform(process: Process, stores: Stores, job: str) -> None:
    """Do a job, or put it back into the queue if that fails or time is over."""
    kind, argument = job.split()[:2]
    try:
        if kind == "confirm":
            stores.database.change("update orders set status = 'confirmed' where id = ?", argument)
        if kind == "report" and not spend(process, float(argument)):
            process.say(f"{job} goes back: it could not be finished in time")
            give_back(stores, job)
            return
        stores.cache.command("INCR", JOBS_DONE)
    except DataServiceError as error:
        process.say(f"{job} goes back: {error}")
        give_back(stores, job)


def spend(process: Process, seconds: float) -> bool:
    """Work for so many seconds; return False as soon as the process must end."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if process.overdue:
            return False
        process.beat()
        time.sleep(0.05)
    return True


def give_back(stores: Stores, job: str) -> None:
    """Put a job back at the end of the queue from which jobs are taken, so that it is the next."""
    stores.cache.command("RPUSH", QUEUE, job)

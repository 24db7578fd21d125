"""The scheduler. It writes each tick with its own name, so that two schedulers at once would be seen (F23)."""

import time
import uuid

from ..base.data import DataServiceError
from ..base.process import Process
from .stores import Stores, open_stores

TICK_SECONDS = 0.5
TICKS_PER_JOB = 4
SECONDS_OF_A_REPORT = 0.8  # long enough for a worker that is told to stop to have one under way often


def main() -> None:
    process = Process()
    process.begin()
    schedule(process, open_stores(process), uuid.uuid4().hex)


def schedule(process: Process, stores: Stores, scheduler: str) -> None:
    """Tick until the process is told to stop, and enqueue a report at every fourth tick."""
    ticks = 0
    while not process.stopping.is_set():
        process.beat()
        try:
            stores.database.change("insert into ticks (scheduler, at) values (?, ?)", scheduler, time.time())
            ticks += 1
            if ticks % TICKS_PER_JOB == 0:
                stores.enqueue(f"report {SECONDS_OF_A_REPORT}")
        except DataServiceError as error:
            process.say(f"a tick was missed: {error}")
        process.rest(TICK_SECONDS)

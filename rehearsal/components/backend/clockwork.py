"""The scheduler. Each tick names its scheduler, so that two at once would be seen (F23)."""

import time
import uuid

from ..base.data import DataServiceError
from ..base.process import Process
from .stores import Stores, open_stores

TICK_SECONDS = 0.5
TICKS_PER_JOB = 4
SECONDS_OF_A_REPORT = 0.8  # so that a worker that is told to stop often has one under way


def main() -> None:
    process = Process()
    process.begin()
    schedule(process, open_stores(process), uuid.uuid4().hex)


def schedule(process: Process, stores: Stores, scheduler: str) -> None:
    """Ticks, and enqueues a report at every fourth tick."""
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

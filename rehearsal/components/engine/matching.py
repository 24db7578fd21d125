"""Reads orders, writes trades. Trade number n is the n-th message of its topic, so nothing is written twice."""

import threading
import time
import uuid

from ..base.data import DataServiceError, Stream
from ..base.process import Process
from ..base.reporting import Reporter
from .book import Books

GROUP = "engine"
MODES = ("open", "halted")  # the ladder's ends; what lies between comes with the handover
BATCH_WAIT = 0.25


class Matching:
    """One writer's loop: first it replays what was read before, then it goes on."""

    def __init__(self, process: Process, stream: Stream) -> None:
        self._process, self._stream, self._reporter = process, stream, Reporter(process)
        self._writer = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._books = Books()
        self.mode = MODES[0]
        self.position = 0
        self.replayed = False

    def run(self) -> None:
        """Until the process is told to stop; a batch begun is finished."""
        while not self._process.stopping.is_set():
            self._process.beat()
            try:
                self._step()
                if self.replayed and self._reporter.due:  # what it replays waits for nobody
                    gap = self._stream.end_offset("orders") - self.position
                    self._reporter.report(SequenceGap=(gap, "Count"))
            except DataServiceError as error:
                self._process.say(f"waiting: {error}")
                self._process.rest(0.5)

    def figures(self) -> dict[str, float]:
        with self._lock:
            return {
                "orders_read": self.position,
                "orders_lag": self._stream.end_offset("orders") - self.position,
                "trades_sequence": self._books.sequence,
                "orders_resting": self._books.resting(),
            }

    def state(self) -> dict[str, str | int]:
        """The sequence and the hash that belongs to it."""
        with self._lock:
            return {"sequence": self._books.sequence, "position": self.position, "hash": self._books.state_hash()}

    def _step(self) -> None:
        if self.mode == "halted":
            self._process.rest(BATCH_WAIT)
            return
        messages = self._stream.fetch("orders", GROUP, offset=self.position, wait=BATCH_WAIT)
        written = self._stream.end_offset("trades") if messages else 0
        with self._lock:
            for message in messages:
                for trade in self._books.place(message["value"]):
                    if trade["sequence"] > written:
                        self._stream.produce("trades", trade | {"writer": self._writer, "at": time.time()})
                self.position = message["offset"] + 1
        if messages:
            self._stream.commit("orders", GROUP, self.position)
        self.replayed = self.replayed or self.position >= self._stream.end_offset("orders")

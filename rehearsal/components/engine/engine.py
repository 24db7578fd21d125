"""The engine's process: it reads orders and writes trades in the main thread, health and administration beside it.

Trade number n is the n-th message of its topic, so nothing is written twice.
"""

import fcntl
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base.data import DataServiceError, Stream
from ..base.plain_http import HttpServer, NotReadyError, Request, Response, as_json, metrics, readiness
from ..base.process import Process, Reporter
from .book import Books

GROUP = "engine"
MODES = ("open", "halted")  # the ladder's ends; what lies between comes with the handover
BATCH_WAIT = 0.25


class Matching:
    """The loop of the only writer: first it replays the orders that were read before, then it goes on."""

    def __init__(self, process: Process, stream: Stream) -> None:
        self._process, self._stream, self._reporter = process, stream, Reporter(process)
        self._writer = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._books = Books()
        self.mode = MODES[0]
        self.position = 0
        self.replayed = False

    def run(self) -> None:
        """Match orders until the process is told to stop; a batch that was begun is finished."""
        while not self._process.stopping.is_set():
            self._process.beat()
            try:
                self._step()
                if self.replayed and self._reporter.due:  # orders that are replayed wait for nothing
                    gap = self._stream.end_offset("orders") - self.position
                    self._reporter.report(SequenceGap=(gap, "Count"))
            except DataServiceError as error:
                self._process.say(f"waiting: {error}")
                self._process.rest(0.5)

    def figures(self) -> dict[str, float]:
        """Return the figures of `/metrics`."""
        with self._lock:
            return {
                "orders_read": self.position,
                "orders_lag": self._stream.end_offset("orders") - self.position,
                "trades_sequence": self._books.sequence,
                "orders_resting": self._books.resting(),
            }

    def state(self) -> dict[str, str | int]:
        """Return the last trade's sequence, the position in the orders, and the hash of the books at both."""
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


class Administration:
    """Answers requests for health, metrics and administration; one that changes something needs the internal token."""

    def __init__(self, process: Process, matching: Matching, stream: Stream) -> None:
        self._process, self._matching, self._stream = process, matching, stream
        self._token = process.environment.get("INTERNAL_API_TOKEN", "")
        self._routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/health/live"): lambda _: as_json(200, {"status": "ok"}),
            ("GET", "/health/ready"): self._ready,
            ("GET", "/admin/mode"): lambda _: as_json(200, {"mode": matching.mode}),
            ("POST", "/admin/mode"): self._change_mode,
            ("GET", "/admin/sequence"): lambda _: self._part_of_state("sequence", "position"),
            ("GET", "/admin/state-hash"): lambda _: self._part_of_state("sequence", "hash"),
            ("GET", "/metrics"): lambda _: metrics(matching.figures()),
        }

    def answer(self, request: Request) -> Response:
        route = self._routes.get((request.method, request.path))
        if route is None:
            return as_json(404, {"error": "not found"})
        try:
            return route(request)
        except DataServiceError as error:
            return as_json(503, {"error": str(error)})

    def _ready(self, _request: Request) -> Response:
        return readiness(
            self._process, {"kafka": lambda: self._stream.end_offset("orders"), "replay": self._check_replay}
        )

    def _check_replay(self) -> None:
        if not self._matching.replayed:
            raise NotReadyError(f"at order {self._matching.position}")

    def _part_of_state(self, *names: str) -> Response:
        state = self._matching.state()
        return as_json(200, {name: state[name] for name in names})

    def _change_mode(self, request: Request) -> Response:
        if not self._token or request.headers.get("authorization") != f"Bearer {self._token}":
            return as_json(403, {"error": "the internal token is needed"})
        try:
            mode = json.loads(request.body)["mode"]
        except (ValueError, KeyError, TypeError):
            mode = None
        if mode not in MODES:
            return as_json(400, {"error": f"mode is one of {', '.join(MODES)}"})
        self._matching.mode = mode
        return as_json(200, {"mode": mode})


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold the lock of the working folder; exit if another engine holds it (F23)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "LOCK").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SystemExit(f"{folder}/LOCK is held by another engine: {error}") from error
        yield


def main() -> None:
    process = Process()
    process.begin()
    matching = Matching(process, Stream(process.environment))
    administration = Administration(process, matching, Stream(process.environment))
    with sole_writer(Path(process.environment.get("WORK_FOLDER", "work"))):
        server = threading.Thread(target=HttpServer(process, administration.answer).serve)
        server.start()
        matching.run()
        server.join()

"""Both sides of the benchmark of probes, each in a process of its own.

``python -m bench.probe_processes serve`` answers every request after 50 ms, however many come at once. It prints its
port, and ends with its input.

``python -m bench.probe_processes ask PORT TARGETS RUNS`` asks many targets and then one, in turn. It prints JSON: the
seconds of each pair, many before one, and by how many megabytes the process grew at its peak.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

from release_aws.probes import Question, ask

_SECONDS = 0.05
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n"
    b'{"status": "ok"}'
)


class SlowAnswer(asyncio.Protocol):
    """Answers the one request of a connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, _request: bytes) -> None:
        asyncio.get_running_loop().call_later(_SECONDS, self._answer)

    def _answer(self) -> None:
        self._transport.write(_ANSWER)
        self._transport.close()


async def serve() -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(SlowAnswer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def seconds(port: int, targets: int) -> float:
    """Return how long it takes to ask all targets at once; raises RuntimeError unless every answer is good."""
    began = time.perf_counter()
    answers = ask([Question("127.0.0.1", port, "/health/ready")] * targets, 30)
    elapsed = time.perf_counter() - began
    if troubles := {answer.trouble or str(answer.status) for answer in answers if answer.status != 200}:
        raise RuntimeError(f"{targets} targets were asked, and some said: {', '.join(sorted(troubles))}")
    return elapsed


def kilobytes(name: str) -> int:
    """Return a size of this process: VmRSS is what it holds now, VmHWM the most that it ever held."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(f"{name}:"))


def measure(port: int, targets: int, runs: int) -> None:
    """Print the figures of that many runs, after a warm-up."""
    seconds(port, 1)
    before = kilobytes("VmRSS")
    seconds(port, targets)
    pairs = [(seconds(port, targets), seconds(port, 1)) for _ in range(runs)]
    print(json.dumps({"pairs": pairs, "grown_mb": (kilobytes("VmHWM") - before) / 1024}))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        measure(*map(int, sys.argv[2:]))

"""``python -m bench.asking PORT TARGETS RUNS``: one target asked and then many, in turn, in a process of its own.

Prints JSON: the seconds of each pair, many before one, and by how many megabytes the process grew at its peak.
"""

import json
import sys
import time
from pathlib import Path

from release_aws.probes import Question, ask


def seconds(port: int, targets: int) -> float:
    """For good answers of all of them; anything else is no figure."""
    began = time.perf_counter()
    answers = ask([Question("127.0.0.1", port, "/health/ready")] * targets, 30)
    elapsed = time.perf_counter() - began
    if troubles := {answer.trouble or str(answer.status) for answer in answers if answer.status != 200}:
        raise RuntimeError(f"{targets} targets were asked, and some said: {', '.join(sorted(troubles))}")
    return elapsed


def kilobytes(name: str) -> int:
    """Of this process: VmRSS is what it holds now, VmHWM the most that it ever held."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(f"{name}:"))


def main(port: int, targets: int, runs: int) -> None:
    seconds(port, 1)
    before = kilobytes("VmRSS")
    seconds(port, targets)
    pairs = [(seconds(port, targets), seconds(port, 1)) for _ in range(runs)]
    print(json.dumps({"pairs": pairs, "grown_mb": (kilobytes("VmHWM") - before) / 1024}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

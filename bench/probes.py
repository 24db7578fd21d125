"""A thousand targets against one: the probes of a gate are asked at once, so a large fleet is judged in time."""

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from statistics import median
from typing import IO, NamedTuple, cast

from bench.measuring import Ratio, python

_TARGETS, _RUNS = 1000, 7
_MOST_MB = 30


class ProbeFigures(NamedTuple):
    """`pairs` are seconds, for many targets and for one; `grown_mb` is the growth of the process at its peak."""

    pairs: Sequence[tuple[float, float]]
    grown_mb: float


def thousand_probes_against_one() -> Ratio:
    """Compare asking many targets with asking one, where the server takes 50 ms for each request."""
    pairs = _figures().pairs
    detail = " ".join(f"{many * 1000:.0f}/{single * 1000:.0f}" for many, single in pairs)
    ratio = median(many / single for many, single in pairs)
    return Ratio(round(ratio, 3), 4.0, _RUNS, f"ms for {_TARGETS} targets/for one, pair by pair: {detail}; {_memory()}")


def memory_of_a_thousand_probes() -> Ratio:
    """Compare the growth of the process at its peak with what it may be."""
    return Ratio(round(_figures().grown_mb / _MOST_MB, 3), 1.0, _RUNS, _memory())


def _memory() -> str:
    return f"memory grew by {_figures().grown_mb:.1f} MB at its peak, {_MOST_MB} are allowed"


@cache
def _figures() -> ProbeFigures:
    """Measure once for both ratios."""
    serve = python("-m", "bench.probe_processes", "serve")
    with subprocess.Popen(
        serve.arguments, env=dict(serve.environment), cwd=serve.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        port = int(cast(IO[bytes], server.stdout).readline())
        ask = python("-m", "bench.probe_processes", "ask", str(port), str(_TARGETS), str(_RUNS))
        figures = subprocess.check_output(ask.arguments, env=dict(ask.environment), cwd=ask.folder)
        server.communicate()  # the end of its input is the end of the server
    return ProbeFigures(**json.loads(figures))

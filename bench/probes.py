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


class Asked(NamedTuple):
    """`pairs` are seconds, of the many and of the one; `grown_mb` is the growth of the process at its peak."""

    pairs: Sequence[tuple[float, float]]
    grown_mb: float


def thousand_probes_against_one() -> Ratio:
    """Against a server that takes 50 ms for each request, in a process of its own."""
    pairs = _asked().pairs
    detail = " ".join(f"{many * 1000:.0f}/{one * 1000:.0f}" for many, one in pairs)
    ratio = median(many / one for many, one in pairs)
    return Ratio(round(ratio, 3), 4.0, _RUNS, f"ms for {_TARGETS} targets/for one, pair by pair: {detail}; {_memory()}")


def memory_of_a_thousand_probes() -> Ratio:
    """The growth at the peak against what it may be."""
    return Ratio(round(_asked().grown_mb / _MOST_MB, 3), 1.0, _RUNS, _memory())


def _memory() -> str:
    return f"memory grew by {_asked().grown_mb:.1f} MB at its peak, {_MOST_MB} are allowed"


@cache
def _asked() -> Asked:
    """Measured once for both figures."""
    serve = python("-m", "bench.slow_server")
    with subprocess.Popen(
        serve.arguments, env=dict(serve.environment), cwd=serve.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        port = int(cast(IO[bytes], server.stdout).readline())
        asking = python("-m", "bench.asking", str(port), str(_TARGETS), str(_RUNS))
        told = subprocess.check_output(asking.arguments, env=dict(asking.environment), cwd=asking.folder)
        server.communicate()  # the end of its input is the end of the server
    return Asked(**json.loads(told))

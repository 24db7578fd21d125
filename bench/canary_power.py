"""``python -m bench.canary_power`` tells how often the canary gate fails identical versions, and sees bad ones.

The numbers are seeded, so the figures are the same every time. Latencies are log-normal with a median of 100 ms, in
whole milliseconds, as probes record them; sigma 0.5 puts p95 at 2.3 medians, 1.0 at 5.2.
"""

import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import NormalDist

from release_engine.canary import ENOUGH, judge_errors, judge_latencies
from release_engine.verdict import Verdict, worst

Draw = Callable[[Random, int], list[int]]
MAX_FALSE_ALARMS = 0.01
MIN_POWER = 0.95


@dataclass(frozen=True)
class Version:
    """A version of a component: its share of errors and its latencies."""

    errors: float
    latencies: Draw

    def serve(self, random: Random, requests: int) -> tuple[list[bool], list[int]]:
        """Return which of that many requests fail, and their milliseconds."""
        return [random.random() < self.errors for _ in range(requests)], self.latencies(random, requests)


def steady(random: Random, requests: int, *, median: float = 100, sigma: float = 0.5) -> list[int]:
    """Draw latencies of requests that are all alike."""
    return [round(median * math.exp(random.gauss(0, sigma))) for _ in range(requests)]


def slow_tenth(random: Random, requests: int, *, sigma: float = 0.5) -> list[int]:
    """Draw latencies whose slowest tenth, and p95 with it, takes 30% longer; nine in ten are as they were."""
    p90 = 100 * math.exp(sigma * NormalDist().inv_cdf(0.9))
    return [round(1.3 * value) if value > p90 else value for value in steady(random, requests, sigma=sigma)]


def some_tenth(random: Random, requests: int) -> list[int]:
    """Draw latencies of which a random tenth, one endpoint perhaps, takes 2.49 times as long: again p95 + 30%."""
    return [round(2.49 * value) if random.random() < 0.1 else value for value in steady(random, requests)]


GOOD = Version(0.01, steady)
NOISE: Mapping[str, Version] = {
    "1% errors, sigma 0.5": GOOD,
    "5% errors, sigma 1.0": Version(0.05, partial(steady, sigma=1.0)),
    "no errors, median 3 ms": Version(0.0, partial(steady, median=3)),
}
WORSE: Mapping[str, tuple[Version, Version]] = {  # name: canary, baseline
    "errors 0% -> 5%": (Version(0.05, steady), Version(0.0, steady)),
    "errors 1% -> 6%": (Version(0.06, steady), GOOD),
    "errors 4% -> 9%": (Version(0.09, steady), Version(0.04, steady)),
    "all 30% slower, sigma 0.5": (Version(0.01, partial(steady, median=130)), GOOD),
    "all 30% slower, sigma 1.0": (
        Version(0.01, partial(steady, median=130, sigma=1.0)),
        Version(0.01, partial(steady, sigma=1.0)),
    ),
    "slowest tenth 30% slower": (Version(0.01, slow_tenth), GOOD),
    "a random tenth slower, p95 + 30%": (Version(0.01, some_tenth), GOOD),
}


def failed(canary: Version, baseline: Version, random: Random, *, sizes: tuple[int, int], looks: int = 1) -> bool:
    """Tell whether a gate with both checks says FAIL at any of its looks; `sizes` are the samples at the last look.

    The samples, of the canary and of the baseline, grow evenly from look to look.
    """
    (bad, new), (bad_before, old) = canary.serve(random, sizes[0]), baseline.serve(random, sizes[1])
    for look in range(1, looks + 1):
        size, size_before = sizes[0] * look // looks, sizes[1] * look // looks
        share, share_before = (sum(bad[:size]), size), (sum(bad_before[:size_before]), size_before)
        errors = judge_errors("errors", share, share_before, looks=looks)
        latencies = judge_latencies("latency", new[:size], old[:size_before], looks=looks)
        if worst([errors, latencies]).verdict is Verdict.FAIL:
            return True
    return False


def share_failed(
    gates: int,
    canary: Version,
    baseline: Version,
    *,
    seed: int,
    sizes: tuple[int, int] = (ENOUGH, ENOUGH),
    looks: int = 1,
) -> float:
    """Return the share of FAIL among that many seeded gates."""
    random = Random(seed)  # noqa: S311 - a simulation wants the same numbers every time
    return sum(failed(canary, baseline, random, sizes=sizes, looks=looks) for _ in range(gates)) / gates


def main(gates: int = 10_000) -> dict[str, float]:
    """Print each figure and its goal as soon as it is known, and return all figures."""
    noise = {
        f"noise: {name}": partial(share_failed, gates, version, version, seed=1) for name, version in NOISE.items()
    }
    noise |= {
        "noise: 200 and 200 samples": partial(share_failed, gates, GOOD, GOOD, seed=2, sizes=(200, 200)),
        "noise: 200 and 1,800 samples": partial(share_failed, gates, GOOD, GOOD, seed=3, sizes=(200, 1800)),
        "noise: judged 6 times while it grows": partial(share_failed, gates, GOOD, GOOD, seed=4, looks=6),
    }
    power = {f"power: {name}": partial(share_failed, gates, new, old, seed=5) for name, (new, old) in WORSE.items()}
    return _measured(noise, lambda share: share <= MAX_FALSE_ALARMS) | _measured(power, lambda share: share > MIN_POWER)


def _measured(figures: Mapping[str, Callable[[], float]], good: Callable[[float], bool]) -> dict[str, float]:
    shares = {}
    for name, figure in figures.items():
        started = time.perf_counter()
        shares[name] = figure()
        verdict = "holds" if good(shares[name]) else "DOES NOT HOLD"
        print(f"{name}: {shares[name]:.2%} {verdict} ({time.perf_counter() - started:.0f} s)", flush=True)
    return shares


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""The benchmark of a handler's cold start: its account must keep up with what the gate asks."""

import pytest

from bench import cold_start
from bench.measuring import Command, Ratio, seconds


def test_the_gate_passes_its_first_round_on_the_account_of_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, untimed: what the benchmark runs ends with an error when the round is not good."""

    def run(ours: Command, usual: Command, *, goal: float, runs: int) -> Ratio:
        assert seconds(ours) > 0
        return Ratio(ratio=0, goal=goal, runs=runs, detail=" ".join(usual.arguments))

    monkeypatch.setattr(cold_start, "measure", run)
    assert "boto3" in cold_start.first_call_against_four_clients().detail

"""``python -m bench`` runs every benchmark, and writes its ratio and its goal to ``build/bench.json`` too."""

import json
import sys
from collections.abc import Callable, Mapping

from bench.cold_start import first_call_against_four_clients
from bench.commands import (
    diff_against_two_synths,
    diff_of_an_assembly_against_one_through_python,
    fast_tests_against_one_synth,
    production_against_empty_stack,
)
from bench.measuring import ROOT, Ratio
from bench.probes import memory_of_a_thousand_probes, thousand_probes_against_one

BENCHMARKS: Mapping[str, Callable[[], Ratio]] = {
    "synth_of_production_against_empty_stack": production_against_empty_stack,
    "fast_tests_against_one_synth": fast_tests_against_one_synth,
    "thousand_probes_against_one": thousand_probes_against_one,
    "memory_of_a_thousand_probes": memory_of_a_thousand_probes,
    "first_call_against_four_clients": first_call_against_four_clients,
    "diff_of_an_unchanged_tree_against_two_synths": diff_against_two_synths,
    "diff_of_an_assembly_against_one_through_python": diff_of_an_assembly_against_one_through_python,
}


def report(name: str, figure: Ratio) -> dict[str, object]:
    """Print a figure, and return it as `build/bench.json` has it."""
    verdict = "holds" if figure.holds else "DOES NOT HOLD"
    print(f"{name}: {figure.ratio} (goal at most {figure.goal}, {figure.runs} runs): {verdict}", flush=True)
    return {
        "ratio": figure.ratio,
        "goal": figure.goal,
        "holds": figure.holds,
        "runs": figure.runs,
        "detail": figure.detail,
    }


def main() -> int:
    """Run all benchmarks; return 1 where a goal is not reached."""
    figures = {name: report(name, benchmark()) for name, benchmark in BENCHMARKS.items()}
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(figure["holds"] for figure in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

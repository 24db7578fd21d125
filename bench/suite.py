"""The fast tests against one synth of production: tests that cost more than two synths are not run often enough."""

import tempfile
from pathlib import Path

from bench.project import cdk, command
from bench.ratio import Ratio, measure


def fast_tests_against_one_synth() -> Ratio:
    """`make unit`, as a developer runs them, against `cdk synth` with its rules, as it ships."""
    with tempfile.TemporaryDirectory() as folder:
        synth = cdk("synth", "--quiet", "-c", "environment=prod2", "--output", str(Path(folder) / "prod2"))
        return measure(command("make", "unit"), synth, goal=2.0, runs=3)

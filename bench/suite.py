"""The fast tests against one synth of production: tests that cost more than two synths are not run often enough."""

import tempfile
from pathlib import Path

from bench.project import cdk, python
from bench.ratio import Ratio, measure


def fast_tests_against_one_synth() -> Ratio:
    """``tests/unit`` and ``tests/infra`` as a developer runs them, against `cdk synth` with its rules, as it ships."""
    with tempfile.TemporaryDirectory() as folder:
        tests = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit", "tests/infra")
        synth = cdk("synth", "--quiet", "-c", "environment=prod2", "--output", str(Path(folder) / "prod2"))
        return measure(tests, synth, goal=2.0, runs=3)

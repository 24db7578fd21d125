"""The fast tests against one synth of production: tests that cost more than two synths are not run often enough."""

import tempfile
from pathlib import Path

from bench.project import python
from bench.ratio import Ratio, measure
from bench.synth import production


def fast_tests_against_one_synth() -> Ratio:
    """``tests/unit`` and ``tests/infra`` as a developer runs them, without coverage."""
    with tempfile.TemporaryDirectory() as folder:
        tests = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit", "tests/infra")
        return measure(tests, production(Path(folder)), goal=2.0, runs=3)

"""The fast tests against one synth of production: tests that cost more than two synths are not run often enough."""

from bench.project import python
from bench.ratio import Ratio, measure


def fast_tests_against_one_synth() -> Ratio:
    """``tests/unit`` and ``tests/infra`` as a developer runs them, without coverage."""
    return measure(
        python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit", "tests/infra"),
        python("-m", "bench.production_app", CDK_VALIDATION="false", EXCHANGE_NAG="false"),
        goal=2.0,
        runs=3,
    )

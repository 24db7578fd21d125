"""The synth of production against the synth of an empty stack: the cost of our own constructs, not of jsii."""

from bench.project import python
from bench.ratio import Ratio, measure


def production_against_empty_stack() -> Ratio:
    """Both without the rules that validate templates: those cost the same once, whatever the app."""
    context = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false"}
    return measure(
        python("-m", "bench.production_app", **context),
        python("-m", "bench.empty_app", **context),
        goal=3.0,
        runs=5,
    )

"""The synth of production against the synth of an empty stack, each as a person runs it: the cost of our constructs."""

import tempfile
from pathlib import Path

from bench.project import cdk
from bench.ratio import Command, Ratio, measure

# The rules that validate templates cost the same once, whatever the app.
_WITHOUT_RULES = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false"}


def production_against_empty_stack() -> Ratio:
    """`cdk synth` of prod2, eleven stacks, against that of one empty stack, with the same Python and the same CLI."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(production(Path(folder)), empty_stack(Path(folder)), goal=3.0, runs=5)


def production(folder: Path) -> Command:
    """The templates go to `folder`."""
    return cdk("synth", "--quiet", "-c", "environment=prod2", "--output", str(folder / "prod2"), **_WITHOUT_RULES)


def empty_stack(folder: Path) -> Command:
    """What every CDK application in this Python pays before it does anything."""
    app = "python -m bench.empty_app"
    return cdk("synth", "--quiet", "--app", app, "--output", str(folder / "empty"), **_WITHOUT_RULES)

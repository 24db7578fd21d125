"""`release diff` of an unchanged tree against two syntheses: what it adds to what it cannot do without."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.committed_copy import committed_copy
from bench.project import command, python
from bench.ratio import Ratio, measure

_SYNTH = "cdk synth --quiet --no-notices --no-version-reporting -c environment=staging --output"


def diff_against_two_synths() -> Ratio:
    """Two of the very syntheses that the command makes, one after the other, as two commands would run.

    Rules that judge templates are off on both sides; the command works in a copy whose tree is its base.
    """
    with TemporaryDirectory(prefix="exchange-bench-") as folder:
        project = str(committed_copy(Path(folder, "project")))
        diff = python("-m", "release", "-e", "staging", "diff", "--base", "HEAD")
        twice = command("sh", "-c", f"{_SYNTH} {folder}/one && {_SYNTH} {folder}/two")
        rules = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false"}
        synths = replace(twice, folder=project, environment={**twice.environment, **rules})
        return measure(replace(diff, folder=project), synths, goal=1.3, runs=3)

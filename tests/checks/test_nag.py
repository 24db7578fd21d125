"""cdk-nag and CloudFormation's own rules on both environments, as the CDK command line would run them: slow."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
# What is reported and stays open, by environment; a warning is for people, it does not stop a synth.
OPEN = {"staging": {"Annotation::exchange:no-domain"}, "prod2": set()}


class Synth(NamedTuple):
    """How a synth ended, what it wrote to stderr, and the names of the rules that found something, by plugin."""

    code: int
    stderr: str
    findings: dict[str, set[str]]


def synth(app: Path, folder: Path, **context: str) -> Synth:
    """Run the app as the CDK command line does, with validation on whatever the environment of the tests says."""
    variables = {
        **{name: value for name, value in os.environ.items() if name not in ("CDK_VALIDATION", "EXCHANGE_NAG")},
        "CDK_CONTEXT_JSON": json.dumps(CONTEXT | context),
        "CDK_OUTDIR": str(folder),
    }
    done = subprocess.run([sys.executable, app], cwd=ROOT, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
    file = folder / "validation-report.json"
    reports: list[Any] = json.loads(file.read_text(encoding="utf-8"))["pluginReports"] if file.exists() else []
    findings = {report["pluginName"]: {finding["ruleName"] for finding in report["violations"]} for report in reports}
    return Synth(done.returncode, done.stderr, findings)


@pytest.mark.parametrize("environment", ["staging", "prod2"])
def test_nothing_is_open_that_a_reviewer_has_not_accepted(environment: str, tmp_path: Path) -> None:
    done = synth(ROOT / "app.py", tmp_path, environment=environment)
    assert set().union(*done.findings.values()) == OPEN[environment]
    assert done.code == 0, done.stderr
    assert (tmp_path / f"exchange-{environment}-access.template.json").exists()


def test_both_packs_find_what_is_wrong_and_stop_the_synth(tmp_path: Path) -> None:
    done = synth(Path(__file__).with_name("bare_bucket.py"), tmp_path)
    assert done.code != 0
    assert "AwsSolutions-S1" in done.findings["AwsSolutions"]
    assert "NIST.800.53.R5-S3BucketSSLRequestsOnly" in done.findings["NIST.800.53.R5"]


@pytest.mark.parametrize("environment", ["staging", "prod2"])
def test_nothing_is_accepted_that_no_rule_finds(environment: str, tmp_path: Path) -> None:
    done = synth(Path(__file__).with_name("unaccepted_findings.py"), tmp_path, environment=environment)
    assert done.code == 0, done.stderr
    report = json.loads((tmp_path / "acceptances.json").read_text(encoding="utf-8"))
    assert len(report["accepted"]) > 100
    assert report["in_vain"] == []

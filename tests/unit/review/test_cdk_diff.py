"""An engine that does not run is an error, never an empty difference."""

from pathlib import Path

import pytest

from release.review import cdk_diff
from release.review.cdk_diff import TemplatePair, compare
from release.review.changes import DiffError
from tests.unit.review.templates import resource, template

PAIR = TemplatePair("data", template(), template(Logs=resource("Logs::LogGroup")))


def test_an_engine_that_fails_is_an_error_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "cdk_diff.mjs"
    script.write_text('throw new Error("Cannot find package @aws-cdk/cloudformation-diff");')
    monkeypatch.setattr(cdk_diff, "_SCRIPT", script)
    with pytest.raises(DiffError, match=r"the diff engine failed; `make setup`(.|\n)*Cannot find package"):
        compare([PAIR])


def test_without_node_the_error_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_diff, "_NODE", Path("/nowhere/node"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DiffError, match="`make setup` installs Node"):
        compare([PAIR])


def test_equal_templates_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_diff, "_NODE", Path("/nowhere/node"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert compare([TemplatePair("data", PAIR.new, PAIR.new)]) == ()

"""The tour when things go wrong: the summary says so, and the exit code too."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from rehearsal import __main__ as command_line
from rehearsal import tour
from rehearsal.commands import StepFailedError
from rehearsal.stories import STORIES, Played, Promise, Story


def _tour(folder: Path) -> tour.Tour:
    console = Console(file=(folder / "shown.txt").open("w"), width=150)
    return tour.Tour("prod2", stories=["first-release"], speed=60, folder=folder, console=console)


def _open_stage(error: Exception | None) -> Callable[..., Any]:
    @contextmanager
    def open_stage(*_: Any, **__: Any) -> Iterator[None]:
        if error:
            raise error
        yield None

    return open_stage


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (StepFailedError("cdk deploy --all ended with 1", ("why",)), "cdk deploy --all ended with 1"),
        (LookupError("no listener"), "LookupError: no listener"),
    ],
)
def test_a_step_that_fails_is_in_the_summary_and_breaks_the_rehearsal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, step: str
) -> None:
    monkeypatch.setattr(tour, "open_stage", _open_stage(error))
    assert _tour(tmp_path).run() is False
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["good"], summary["failed_step"]) == (False, step)
    assert step in (tmp_path / "report.html").read_text()


def test_after_a_first_release_that_failed_nothing_else_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Story("first-release", "It fails", lambda _stage: Played([Promise("it lives", False)]))
    monkeypatch.setitem(STORIES, "first-release", broken)
    monkeypatch.setattr(tour, "open_stage", _open_stage(None))
    assert _tour(tmp_path).run() is False
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["failed_step"] == "the first release failed, so no other story was played"
    assert summary["promises"]["it lives"] is False


def test_two_rehearsals_never_share_a_folder(tmp_path: Path) -> None:
    with tour._alone(tmp_path), pytest.raises(SystemExit, match="another rehearsal runs in"):
        _tour(tmp_path).run()


def test_a_folder_that_a_killed_rehearsal_left_can_be_used_again(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("")
    with tour._alone(tmp_path):
        assert (tmp_path / ".lock").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--story", "romance"], "romance"),
        (["--environment", "nowhere"], "there is no such environment"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_before_anything_starts(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    application = typer.Typer()
    application.command()(command_line.main)
    answer = CliRunner(env={"COLUMNS": "400"}).invoke(application, [*arguments, "--folder", str(tmp_path)])
    assert answer.exit_code == 2
    assert said in answer.output
    assert list(tmp_path.iterdir()) == []

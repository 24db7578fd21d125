"""The tour, when things go wrong too, and what a rehearsal leaves behind: its summary and its report."""

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
from rehearsal import report, tour
from rehearsal.commands import StepFailedError
from rehearsal.opening import Opened
from rehearsal.stories import STORIES, TOUR, Figure, Played, Promise, Story
from rehearsal.summary import Summary
from release_engine.ledger import Kind, Outcome, Release


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


STATES = {"Lock": 0.1, "Bake": 4.0, "RollBackExecuteChangeSet": 1.5, "VerifyRolledBack": 0.5}
COUNT = {"requests": 50, "failures": 0, "p95_ms": 12.0, "digests": {"sha256:" + "b" * 64: 50}, "examples": []}


def _release(outcome: Outcome) -> Release:
    return Release(
        release_id="20261124T101500Z-3f2a9c1b",
        component="client",
        digest="sha256:" + "a" * 64,
        kind=Kind.RELEASE,
        requested_by="cli:alice",
        outcome=outcome,
        started_at="2026-11-24T10:15:00Z",
        verdict="FAIL",
        reason="errors 20.0% > limit 1.0% (60 samples) <script>",
        seconds_by_state=STATES,
    )


def _summary(*, kept: bool = True, failed_step: str | None = None) -> Summary:
    story = Story("bad-client", "A bad client is undone", lambda _stage: played)
    played = Played([Promise("it is undone", kept, "seen")], [_release(Outcome.ROLLED_BACK)], {"client": COUNT})
    stacks = ["exchange-prod2-registry"]
    opened = Opened(seconds={"set_up": 9.0, "deploy": 30.0}, wanted=list(stacks), stacks=stacks, resources=7)
    return Summary(
        environment="prod2",
        speed=60,
        opened=opened,
        played=[(story, played)],
        seconds={"bad-client": 12.0, "total": 70.0},
        peak_memory_mb=800.4,
        failed_step=failed_step,
        tail=("the last line",) if failed_step else (),
    )


def test_the_summary_holds_what_programs_rely_on(tmp_path: Path) -> None:
    _summary().write(tmp_path / "new" / "summary.json")
    written = json.loads((tmp_path / "new" / "summary.json").read_text())
    assert written["templates_identical"] is True
    assert (written["stacks_deployed"], written["resources"], written["peak_memory_mb"]) == (1, 7, 800)
    assert written["promises"]["it is undone"] is True
    assert written["traffic"]["bad-client"]["client"]["requests"] == 50
    assert written["seconds"] == {
        "set_up": 9.0,
        "deploy": 30.0,
        "bad-client": 12.0,
        "total": 70.0,
        "releases": {"bad-client client": 6.1},
        "rollback": 2.0,
    }
    assert written["releases"][0]["seconds_by_state"] == STATES


def test_it_is_good_only_if_every_promise_was_kept() -> None:
    assert _summary().good
    assert not _summary(kept=False).good


def test_a_failed_step_breaks_a_promise_and_is_told_with_its_last_lines() -> None:
    summary = _summary(failed_step="cdk deploy --all ended with 1")
    assert not summary.good
    assert summary.as_dict()["failed_step"] == "cdk deploy --all ended with 1"
    assert "the last line" in report.page(summary.as_dict())


def test_templates_of_which_nothing_was_deployed_are_not_called_identical() -> None:
    assert not Summary(environment="prod2", speed=60).templates_identical


def test_a_stack_that_is_missing_breaks_a_promise() -> None:
    summary = _summary()
    summary.opened.wanted.append("exchange-prod2-release")
    assert summary.as_dict()["promises"]["every stack is deployed"] is False


def test_a_promise_that_two_stories_make_is_kept_only_if_both_kept_it() -> None:
    summary = _summary()
    story, _ = summary.played[0]
    summary.played.insert(0, (story, Played([Promise("it is undone", False, "not the first time")])))
    assert summary.as_dict()["promises"]["it is undone"] is False


def _measured(value: float | None) -> Summary:
    summary = _summary()
    figure = Figure("seconds until it is undone", value, 5.0, "s", "by <nobody>")
    summary.played.append((summary.played[0][0], Played([], figures=[figure])))
    return summary


def test_a_figure_is_told_with_its_limit_and_its_story() -> None:
    assert _measured(1.25).as_dict()["figures"][:1] == [
        {
            "story": "bad-client",
            "name": "seconds until it is undone",
            "value": 1.25,
            "limit": 5.0,
            "unit": "s",
            "seen": "by <nobody>",
            "holds": True,
            "broken": "",
        }
    ]
    page = report.page(_measured(1.25).as_dict())
    assert "1.25 s" in page
    assert "by &lt;nobody&gt;" in page


def test_a_broken_aim_is_told_as_such_and_the_rehearsal_holds() -> None:
    summary = _measured(5.5)
    assert summary.good
    assert summary.aims_broken == ["bad-client: seconds until it is undone: aim broken: 5.5 s of 5 s"]
    assert summary.as_dict()["aims_broken"] == summary.aims_broken
    assert "aim broken: 5.5 s of 5 s" in report.page(summary.as_dict())
    assert _measured(5.0).aims_broken == []


def test_a_figure_that_was_not_measured_breaks_the_rehearsal() -> None:
    summary = _measured(None)
    assert not summary.good
    assert summary.as_dict()["promises"]["measured: seconds until it is undone"] is False
    assert "not measured" in report.page(summary.as_dict())


def test_the_memory_of_a_rehearsal_has_an_aim_and_so_have_the_seconds_of_the_tour() -> None:
    summary = _summary()
    summary.peak_memory_mb, summary.seconds["total"] = 1695.0, 154.0
    assert summary.aims_broken == ["the rehearsal: peak memory: aim broken: 1695 MB of 1536 MB"]
    summary.played = [(Story(name, "", lambda _stage: Played([])), Played([])) for name in TOUR]
    assert summary.aims_broken[1:] == ["the rehearsal: seconds in all: aim broken: 154 s of 120 s"]


def test_a_person_sees_a_broken_aim() -> None:
    console = Console(record=True, width=160, file=Path("/dev/null").open("w"))  # noqa: SIM115
    _measured(5.5).show(console)
    shown = console.export_text()
    assert "It held · 1 aim broken" in shown
    assert "aim broken: 5.5 s of 5 s" in shown


def test_a_person_reads_the_same() -> None:
    console = Console(record=True, width=160, file=Path("/dev/null").open("w"))  # noqa: SIM115
    _summary().show(console)
    shown = console.export_text()
    for expected in ("It held", "rolled_back", "errors 20.0% > limit 1.0%", "it is undone", "70 s in all", "800 MB"):
        assert expected in shown


def test_the_report_needs_nothing_else_and_escapes_what_it_shows(tmp_path: Path) -> None:
    report.write(_summary().as_dict(), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "http" not in page
    assert "Bake: 4.00 s" in page


@pytest.mark.parametrize(("good", "title"), [(True, "It held"), (False, "It did not hold")])
def test_the_report_says_at_once_whether_it_held(good: bool, title: str) -> None:
    assert f">{title}</h1>" in report.page(_summary(kept=good).as_dict())

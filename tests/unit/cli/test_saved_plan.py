"""A rollback in two steps: the plan is shown and kept, and what was approved is done, or nothing."""

import json
from pathlib import Path

import pytest

from tests.unit.aws.digests import NEW, OLD
from tests.unit.cli.conftest import Run
from tests.unit.cli.exchange import Exchange, past

NEWER = f"sha256:{'d' * 64}"


@pytest.fixture(autouse=True)
def two_good_releases(exchange: Exchange) -> None:
    """OLD was released well, then NEW, which runs."""
    exchange.remember(past("release-20", OLD), past("release-21", NEW, former_digest=OLD))
    exchange.digests["client"] = NEW


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Path:
    file = tmp_path / "made" / "plan.json"
    result = run("rollback", "client", "--save-plan", str(file))
    assert (result.exit_code, f"to   {OLD}" in result.stdout) == (0, True)
    return file


def test_a_plan_is_shown_and_kept_and_nothing_is_done(plan: Path, exchange: Exchange) -> None:
    assert json.loads(plan.read_text()) == {"component": "client", "running": NEW, "target": OLD}
    assert not exchange.started


def test_a_plan_is_carried_out(run: Run, exchange: Exchange, plan: Path) -> None:
    assert run("rollback", "client", "--plan", str(plan), "--yes").exit_code == 0
    assert [one["digest"] for one in exchange.started] == [OLD]


def test_a_plan_does_nothing_once_something_else_runs(run: Run, exchange: Exchange, plan: Path) -> None:
    exchange.images.add(NEWER)
    exchange.remember(past("release-22", NEWER, former_digest=NEW))
    exchange.digests["client"] = NEWER
    result = run("rollback", "client", "--plan", str(plan), "--yes")
    assert (result.exit_code, exchange.started) == (2, [])
    assert f"the plan was made while {NEW} ran, now it is {NEWER}: nothing was done" in result.stderr


def test_a_plan_is_still_refused_when_its_image_is_gone(run: Run, exchange: Exchange, plan: Path) -> None:
    exchange.images.remove(OLD)
    result = run("rollback", "client", "--plan", str(plan), "--yes")
    assert (result.exit_code, exchange.started) == (1, [])


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is not one that `rollback --save-plan` has written"),
        ('{"component": "client"}', "is not one that `rollback --save-plan` has written"),
        (json.dumps({"component": "engine", "running": NEW, "target": OLD}), "is of engine, not of client"),
        (json.dumps({"component": "client", "running": NEW, "target": "latest"}), "latest"),
    ],
)
def test_what_is_no_plan_is_refused(run: Run, exchange: Exchange, tmp_path: Path, written: str, says: str) -> None:
    file = tmp_path / "plan.json"
    if written is not None:
        file.write_text(written)
    result = run("rollback", "client", "--plan", str(file), "--yes")
    assert (result.exit_code, says in result.stderr, exchange.started) == (2, True, [])


def test_a_plan_says_where_to_so_nothing_else_may(run: Run, plan: Path) -> None:
    result = run("rollback", "client", "--plan", str(plan), "--to", OLD, "--yes")
    assert (result.exit_code, "leave --to out" in result.stderr) == (2, True)

"""`unwind`: what went out together goes back together, the last first."""

import pytest

from release_engine.ledger import Outcome
from tests.unit.aws.digests import NEW, OLD
from tests.unit.cli.conftest import Run
from tests.unit.cli.exchange import CHAIN, Exchange, Script, past

ALL = [f"{component}={NEW}" for component in CHAIN]


@pytest.fixture(autouse=True)
def all_released(exchange: Exchange) -> None:
    """Of every component OLD was released well, then NEW, which runs."""
    for component in CHAIN:
        before = past("release-20", OLD, component=component)
        exchange.remember(before, past("release-21", NEW, component=component, former_digest=OLD))
        exchange.digests[component] = NEW


def undone(exchange: Exchange) -> list[tuple[str, str, str]]:
    return [(one["component"], one["digest"], one["kind"]) for one in exchange.started]


def test_the_last_goes_back_first(run: Run, exchange: Exchange) -> None:
    assert run("unwind", *ALL).exit_code == 0
    assert undone(exchange) == [(component, OLD, "rollback") for component in reversed(CHAIN)]


def test_what_runs_something_else_by_now_stays(run: Run, exchange: Exchange) -> None:
    exchange.digests["client"] = OLD
    result = run("unwind", *ALL)
    assert result.exit_code == 0
    assert f"client stays as it is: it runs {OLD}, not {NEW}" in result.stdout
    assert [component for component, *_ in undone(exchange)] == ["engine", "backend"]


def test_nothing_is_undone_twice(run: Run, exchange: Exchange) -> None:
    exchange.digests |= dict.fromkeys(CHAIN, OLD)
    result = run("unwind", *ALL)
    assert (result.exit_code, undone(exchange)) == (0, [])
    assert "nothing is left to be undone" in result.stdout


def test_where_one_cannot_go_back_none_does(run: Run, exchange: Exchange) -> None:
    contract = {"schema": {"phase": "contract", "version": 7}}
    exchange.remember(past("release-21", NEW, component="backend", former_digest=OLD, manifest=contract))
    result = run("unwind", *ALL)
    assert (result.exit_code, undone(exchange)) == (1, [])
    assert "backend cannot go back" in result.stderr
    assert "nothing was undone" in result.stderr


def test_f5_what_a_failed_release_was_to_replace_is_not_taken_for_its_way_back(run: Run, exchange: Exchange) -> None:
    """The stack has NEW again, which is to be undone: to put it back would undo nothing."""
    worse = f"sha256:{'c' * 64}"
    exchange.remember(past("release-22", worse, Outcome.FAILED, component="engine", former_digest=NEW))
    result = run("unwind", *ALL)
    assert (result.exit_code, undone(exchange)) == (1, [])
    assert f"engine cannot go back: since {NEW} a release of it failed" in result.stderr


def test_a_rollback_that_fails_is_the_last(run: Run, exchange: Exchange) -> None:
    exchange.scripts["client"] = Script(status="FAILED", error="Failed", cause="no")
    result = run("unwind", *ALL)
    assert result.exit_code == 1
    assert [component for component, *_ in undone(exchange)] == ["engine", "client"]
    assert "not started: backend" in result.stderr


def test_a_bad_version_that_runs_is_undone_too(run: Run, exchange: Exchange) -> None:
    exchange.remember(past("release-21", NEW, Outcome.FAILED, component="engine", former_digest=OLD))
    assert run("unwind", f"engine={NEW}").exit_code == 0
    assert undone(exchange) == [("engine", OLD, "rollback")]

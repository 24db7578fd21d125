"""`unwind`: what went out together goes back together, the last first."""

import pytest

from release_engine.ledger import Kind, Outcome
from tests.unit.aws.answers import NEW, OLD
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


PIPELINE = "pipeline:6f0e4a1c"


def by_the_pipeline(exchange: Exchange, *components: str) -> None:
    for component in components:
        exchange.remember(past("release-21", NEW, component=component, former_digest=OLD, requested_by=PIPELINE))


def test_what_one_execution_released_goes_back_in_the_reverse_order(run: Run, exchange: Exchange) -> None:
    by_the_pipeline(exchange, "backend", "engine")
    result = run("unwind", "--requested-by", PIPELINE)
    assert (result.exit_code, undone(exchange)) == (0, [("engine", OLD, "rollback"), ("backend", OLD, "rollback")])
    assert f"client stays as it is: {PIPELINE} has not released it" in result.stdout


def test_who_released_nothing_has_nothing_to_undo(run: Run, exchange: Exchange) -> None:
    result = run("unwind", "--requested-by", PIPELINE)
    assert (result.exit_code, undone(exchange)) == (0, [])
    assert "nothing is left to be undone" in result.stdout


@pytest.mark.parametrize("outcome", [Outcome.ROLLED_BACK, Outcome.FAILED, Outcome.REFUSED])
def test_what_was_never_called_good_is_not_undone(run: Run, exchange: Exchange, outcome: Outcome) -> None:
    exchange.remember(past("release-22", NEW, outcome, requested_by=PIPELINE))
    result = run("unwind", "--requested-by", PIPELINE)
    assert (result.exit_code, undone(exchange)) == (0, [])


def test_what_somebody_has_released_or_put_back_since_stays(run: Run, exchange: Exchange) -> None:
    """The client was put back and then released again by a person; a person has put the engine back."""
    by_the_pipeline(exchange, *CHAIN)
    exchange.remember(
        past("release-22", NEW, component="client", requested_by="cli:alice"),
        past("release-23", OLD, component="engine", requested_by="cli:alice", kind=Kind.ROLLBACK, former_digest=NEW),
    )
    exchange.digests["engine"] = OLD
    result = run("unwind", "--requested-by", PIPELINE)
    assert (result.exit_code, undone(exchange)) == (0, [("backend", OLD, "rollback")])
    assert "client stays as it is: since release-21 there was the release release-22 by cli:alice" in result.stdout
    assert "engine stays as it is: since release-21 there was the rollback release-23 by cli:alice" in result.stdout


def test_what_does_not_run_any_more_stays(run: Run, exchange: Exchange) -> None:
    by_the_pipeline(exchange, "client")
    exchange.digests["client"] = OLD
    result = run("unwind", "--requested-by", PIPELINE)
    assert (result.exit_code, undone(exchange)) == (0, [])
    assert f"client stays as it is: it runs {OLD}, not {NEW}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--requested-by", PIPELINE, f"client={NEW}"], "name what to undo in one way only"),
        (["--requested-by", " "], "--requested-by is empty"),
        ([], "nothing to release: name one or more of"),
    ],
)
def test_what_is_to_be_undone_is_said_in_one_way(run: Run, exchange: Exchange, arguments: list[str], says: str) -> None:
    result = run("unwind", *arguments)
    assert (result.exit_code, undone(exchange)) == (2, [])
    assert says in result.stderr

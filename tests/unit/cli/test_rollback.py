"""`python -m release rollback`: where it goes back to, when it refuses, and that it asks.

In two steps the plan is shown and kept, and what was approved is done, or nothing.
"""

import json
from pathlib import Path

import pytest

from release_engine.ledger import Kind, Outcome
from tests.unit.aws.answers import NEW, OLD
from tests.unit.cli.conftest import Run
from tests.unit.cli.exchange import Exchange, Script, past

OLDER = f"sha256:{'c' * 64}"


@pytest.fixture(autouse=True)
def two_good_releases(exchange: Exchange) -> None:
    """OLD was released well, then NEW, which runs."""
    exchange.remember(past("release-20", OLD), past("release-21", NEW, former_digest=OLD))
    exchange.digests["client"] = NEW


def test_it_goes_back_to_what_ran_before_by_the_same_machine(run: Run, exchange: Exchange) -> None:
    result = run("rollback", "client", "--yes")
    assert result.exit_code == 0
    assert (exchange.started[0]["digest"], exchange.started[0]["kind"]) == (OLD, "rollback")


def test_the_plan_is_shown_with_both_ends_and_why_it_is_safe(run: Run) -> None:
    shown = run("rollback", "client", "--yes").stdout
    assert f"from {NEW}, released by release-21" in shown
    assert f"to   {OLD}, released well by release-20 at 2026-11-20T10:05:00Z" in shown
    assert "safe because its image is there" in shown


def test_the_manifest_of_the_version_goes_along(run: Run, exchange: Exchange) -> None:
    exchange.remember(past("release-20", OLD, manifest={"schema": {"phase": "expand", "version": 7}}))
    run("rollback", "client", "--yes")
    assert exchange.started[0]["manifest"] == {"schema": {"phase": "expand", "version": 7}}


@pytest.mark.parametrize(("typed", "code", "begun"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_it_asks_before_it_begins(run: Run, exchange: Exchange, typed: str, code: int, begun: int) -> None:
    exchange.asks = True
    assert run("rollback", "client", typed=typed).exit_code == code
    assert len(exchange.started) == begun


def test_where_nobody_can_be_asked_it_wants_to_be_told(run: Run, exchange: Exchange) -> None:
    result = run("rollback", "client")
    assert (result.exit_code, "say --yes" in result.stderr) == (2, True)
    assert not exchange.started


def test_a_digest_may_be_named(run: Run, exchange: Exchange) -> None:
    exchange.images.add(OLDER)
    exchange.remember(past("release-19", OLDER))
    assert run("rollback", "client", "--to", OLDER, "--yes").exit_code == 0
    assert exchange.started[0]["digest"] == OLDER


@pytest.mark.parametrize(
    ("to", "code", "says"),
    [
        ("latest", 2, "'latest' is not an image digest"),
        (NEW, 1, "is what runs already"),
        (OLDER, 1, f"was never released well, or was found bad since; good ones are: {OLD}"),
    ],
)
def test_f7_a_digest_that_is_no_way_back_is_refused(
    run: Run, exchange: Exchange, to: str, code: int, says: str
) -> None:
    result = run("rollback", "client", "--to", to, "--yes")
    assert (result.exit_code, says in result.stderr) == (code, True)
    assert not exchange.started


def test_a_second_rollback_does_not_return_to_what_the_first_one_left(run: Run, exchange: Exchange) -> None:
    exchange.images.add(OLDER)
    exchange.remember(past("release-19", OLDER), past("release-22", OLD, kind=Kind.ROLLBACK, former_digest=NEW))
    exchange.digests["client"] = OLD
    assert run("rollback", "client", "--yes").exit_code == 0
    assert exchange.started[0]["digest"] == OLDER


def test_a_failed_release_that_still_runs_can_be_undone(run: Run, exchange: Exchange) -> None:
    exchange.remember(past("release-22", OLDER, Outcome.FAILED, former_digest=NEW))
    exchange.digests["client"] = OLDER
    assert run("rollback", "client", "--yes").exit_code == 0
    assert exchange.started[0]["digest"] == NEW


def test_f5_a_failed_release_whose_stack_a_person_has_brought_back_is_undone_and_no_more(
    run: Run, exchange: Exchange
) -> None:
    """The stack has NEW again; OLD, before it, is not where anybody wants to go."""
    exchange.remember(past("release-22", OLDER, Outcome.FAILED, former_digest=NEW))
    result = run("rollback", "client", "--yes")
    assert (exchange.started[0]["digest"], exchange.started[0]["kind"]) == (NEW, "rollback")
    assert f"from {OLDER}, failed by release-22" in result.stdout
    assert "the stack has it back already: nothing is deployed" in result.stdout


def test_f5_after_a_failed_release_a_person_may_still_go_further_back(run: Run, exchange: Exchange) -> None:
    exchange.remember(past("release-22", OLDER, Outcome.FAILED, former_digest=NEW))
    assert run("rollback", "client", "--to", OLD, "--yes").exit_code == 0
    assert exchange.started[0]["digest"] == OLD


def test_f5_the_version_that_failed_is_no_way_back(run: Run, exchange: Exchange) -> None:
    exchange.remember(past("release-22", OLDER, Outcome.FAILED, former_digest=NEW))
    result = run("rollback", "client", "--to", OLDER, "--yes")
    assert (result.exit_code, "was never released well" in result.stderr) == (1, True)
    assert not exchange.started


@pytest.mark.parametrize(("outcome", "kind"), [(Outcome.ROLLED_BACK, Kind.RELEASE), (Outcome.FAILED, Kind.ROLLBACK)])
def test_after_any_other_ending_a_rollback_leaves_what_the_stack_has(
    run: Run, exchange: Exchange, outcome: Outcome, kind: Kind
) -> None:
    exchange.remember(past("release-22", OLDER, outcome, kind=kind, former_digest=NEW))
    assert run("rollback", "client", "--yes").exit_code == 0
    assert exchange.started[0]["digest"] == OLD


def test_f9_behind_a_contract_migration_it_refuses(run: Run, exchange: Exchange) -> None:
    manifest = {"schema": {"phase": "contract", "version": 8}}
    exchange.remember(past("release-21", NEW, former_digest=OLD, manifest=manifest))
    result = run("rollback", "client", "--yes")
    assert (result.exit_code, "a contract migration since" in result.stderr) == (1, True)


def test_f8_without_the_image_it_refuses(run: Run, exchange: Exchange) -> None:
    exchange.images = {NEW}
    result = run("rollback", "client", "--yes")
    assert (result.exit_code, "is missing from the registry" in result.stderr) == (1, True)


def test_f5_on_a_stack_that_failed_it_refuses(run: Run, exchange: Exchange) -> None:
    exchange.stack_status = "UPDATE_ROLLBACK_FAILED"
    result = run("rollback", "client", "--yes")
    assert (result.exit_code, "UPDATE_ROLLBACK_FAILED" in result.stderr) == (1, True)
    assert not exchange.started


@pytest.mark.parametrize(
    ("runs", "says"), [("", "nothing runs: the component was never released"), (OLDER, "does not know how it came")]
)
def test_f4_without_a_known_release_there_is_no_way_back(run: Run, exchange: Exchange, runs: str, says: str) -> None:
    exchange.digests["client"] = runs
    result = run("rollback", "client", "--yes")
    assert (result.exit_code, says in result.stderr) == (1, True)


def test_f4_a_first_release_has_nothing_to_go_back_to(run: Run, exchange: Exchange) -> None:
    exchange.table.items.clear()
    exchange.remember(past("release-21", NEW))
    result = run("rollback", "client", "--yes")
    assert (result.exit_code, "no former good release to go back to" in result.stderr) == (1, True)


def test_an_unknown_component_is_refused(run: Run) -> None:
    result = run("rollback", "web", "--yes")
    assert (result.exit_code, "there are backend, client, engine" in result.stderr) == (2, True)


def test_a_rollback_that_fails_is_told_like_a_release_that_fails(run: Run, exchange: Exchange) -> None:
    exchange.scripts["client"] = Script(("Lock", "Bake", "RecordFailure"), "FAILED", "Failed", "it is worse")
    result = run("rollback", "client", "--yes")
    assert (result.exit_code, "Failed in Bake" in result.stderr) == (1, True)


NEWER = f"sha256:{'d' * 64}"


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Path:
    file = tmp_path / "made" / "plan.json"
    result = run("rollback", "client", "--save-plan", str(file))
    assert (result.exit_code, f"to   {OLD}" in result.stdout) == (0, True)
    return file


def test_a_plan_is_shown_and_kept_and_nothing_is_done(plan: Path, exchange: Exchange) -> None:
    assert json.loads(plan.read_text()) == {"component": "client", "running": NEW, "target": OLD}
    assert not exchange.started


def test_a_plan_that_cannot_be_written_is_refused(run: Run, exchange: Exchange, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("rollback", "client", "--save-plan", str(tmp_path / "file" / "plan.json"))
    assert (result.exit_code, "plan.json cannot be written" in result.stderr) == (2, True)
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

"""`running`: what is asked of an environment says something of a version only if that is what runs."""

from tests.unit.aws.digests import NEW, OLD
from tests.unit.cli.conftest import Run
from tests.unit.cli.exchange import Exchange


def test_what_runs_is_what_is_named(run: Run, exchange: Exchange) -> None:
    exchange.digests |= {"backend": OLD, "client": NEW}
    result = run("running", f"client={NEW}", f"backend={OLD}")
    assert (result.exit_code, result.stdout) == (0, f"test runs backend={OLD}, client={NEW}\n")


def test_each_that_runs_something_else_is_told(run: Run, exchange: Exchange) -> None:
    exchange.digests |= {"backend": NEW, "client": OLD}
    result = run("running", f"backend={NEW}", f"client={NEW}", f"engine={NEW}")
    assert (result.exit_code, result.stdout) == (1, "")
    since = "undone, or another release came since"
    told = [f"client runs {OLD}, not {NEW}: {since}", f"engine runs nothing, not {NEW}: {since}"]
    assert result.stderr.splitlines() == told


def test_nothing_named_is_nothing_asked(run: Run) -> None:
    assert run("running").exit_code == 2

"""`status`, `running` and `address`: what runs and how it came there, whether it is what is named, where it is."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from release_engine.ledger import Outcome
from tests.unit.aws.answers import NEW, OLD, error
from tests.unit.cli.conftest import Run
from tests.unit.cli.exchange import Exchange, Script, past


def test_what_runs_is_told_short_and_whole_with_when_and_by_whom(run: Run, exchange: Exchange) -> None:
    exchange.digests["client"] = OLD
    exchange.remember(past("release-20", OLD))
    shown = run("status", "client").stdout
    assert f"runs {OLD[7:19]} ({OLD}), released 2026-11-20T10:05:00Z by cli:alice" in shown
    assert "lock free" in shown


def test_the_last_outcome_is_told_with_verdict_and_reason(run: Run, exchange: Exchange) -> None:
    reason = "errors 21.3% > limit 1.0%\n(61 samples)"
    exchange.digests["client"] = OLD
    exchange.remember(
        past("release-20", OLD), past("release-21", NEW, Outcome.ROLLED_BACK, verdict="FAIL", reason=reason)
    )
    shown = run("status", "client").stdout
    assert f"last release release-21 of {NEW[7:19]} by cli:alice: rolled_back, FAIL: errors 21.3% > limit" in shown
    assert "by cli:alice\n" in shown


def test_f1_the_reasons_of_stopped_tasks_are_told_each_once(run: Run, exchange: Exchange) -> None:
    crashed = {"service": "exchange-client-web", "reason": "Essential container in\ntask exited"}
    exits = [{"container": "main", "exit_code": 137}, {"container": "envoy", "exit_code": None}]
    stopped = {"service": "exchange-client-web", "reason": "", "exits": []}
    tasks = [{**crashed, "exits": exits}, {**crashed, "exits": exits}, stopped]
    exchange.remember(past("release-21", NEW, Outcome.ROLLED_BACK, evidence={"stopped_tasks": tasks}))
    told = [line.strip() for line in run("status", "client").stdout.splitlines() if line.strip().startswith("stopped")]
    assert told == [
        "stopped 2 of exchange-client-web: Essential container in task exited (exit code of main 137)",
        "stopped 1 of exchange-client-web: no reason yet",
    ]


def test_tasks_that_could_not_be_asked_for_have_no_reasons(run: Run, exchange: Exchange) -> None:
    evidence = {"stopped_tasks": "could not be fetched: AccessDeniedException"}
    exchange.remember(past("release-21", NEW, Outcome.ROLLED_BACK, evidence=evidence))
    assert "stopped" not in run("status", "client").stdout


def test_all_components_are_told_in_the_order_of_the_chain(run: Run) -> None:
    lines = run("status").stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["backend", "client", "engine"]
    assert lines[0].endswith("runs nothing: it was never released")
    assert lines[1].strip() == "no release yet"


def test_a_digest_that_came_from_elsewhere_is_told_as_such(run: Run, exchange: Exchange) -> None:
    exchange.digests["client"] = NEW
    assert "which the ledger does not know as released well" in run("status", "client").stdout


@pytest.mark.parametrize(("status", "told"), [("UPDATE_ROLLBACK_FAILED", True), ("UPDATE_ROLLBACK_COMPLETE", False)])
def test_f5_a_stack_that_could_not_go_back_is_told(run: Run, exchange: Exchange, status: str, told: bool) -> None:
    """Its parameter says what it was told to run, and nobody knows whether it does."""
    exchange.digests["client"], exchange.stack_status = OLD, status
    assert (f"its stack is {status}: it may run something else, or nothing" in run("status", "client").stdout) is told


@pytest.mark.parametrize(
    ("script", "looks", "says"),
    [
        (Script(("Lock", "Preflight", "PollStack", "Bake")), 3, "which is running, in PollStack"),
        (Script(("Lock",)), 0, "which is starting"),
        (Script(("Lock",), "ABORTED"), 9, "its execution is over (ABORTED), so the next release takes the lock over"),
        (Script(()), None, "its execution is over (UNKNOWN)"),
    ],
)
def test_f10_who_holds_the_lock_is_told_with_where_it_is(
    run: Run, exchange: Exchange, script: Script, looks: int | None, says: str
) -> None:
    exchange.lock("client", "release-21")
    exchange.scripts["client"] = script
    if looks is not None:
        exchange.client("stepfunctions").looks["release-21"] = looks - 1
    shown = run("status", "client").stdout
    assert "lock held by release-21 since 2026-11-24T10:15:00Z" in shown
    assert says in shown


def test_f15_an_infrastructure_deployment_that_holds_the_lock_is_not_taken_for_a_dead_release(
    run: Run, exchange: Exchange
) -> None:
    exchange.lock("client", "infrastructure:20261124T101500Z-3f2a9c1b")
    shown = run("status", "client").stdout
    assert "lock held by infrastructure:20261124T101500Z-3f2a9c1b since 2026-11-24T10:15:00Z: stacks are" in shown
    assert json.loads(run("status", "client", "--json").stdout)["client"]["lock"]["status"] == "DEPLOYING"


def test_tools_get_all_of_it_as_json(run: Run, exchange: Exchange) -> None:
    exchange.digests["client"] = OLD
    exchange.remember(past("release-20", OLD))
    exchange.lock("client", "release-21")
    found = json.loads(run("status", "--json").stdout)
    assert list(found) == ["backend", "client", "engine"]
    assert found["client"]["digest"] == OLD
    assert found["client"]["last"]["release_id"] == "release-20"
    assert found["client"]["lock"]["release_id"] == "release-21"
    assert found["backend"] == {
        "stack": "UPDATE_COMPLETE",
        "digest": None,
        "released": None,
        "last": None,
        "lock": None,
    }


def test_an_unknown_component_is_refused(run: Run) -> None:
    result = run("status", "web")
    assert (result.exit_code, "there are backend, client, engine" in result.stderr) == (2, True)


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


@dataclass
class Platform:
    """The stack of that name; None is one that is not deployed."""

    outputs: dict[str, str] | None = field(default_factory=lambda: {"LoadBalancerName": "door.example.com"})

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName == "exchange-test-platform"
        if self.outputs is None:
            raise error("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": one} for key, one in self.outputs.items()]}]}


def address(platform: Platform, domain: str | None = None) -> Result:
    settings: Any = SimpleNamespace(
        environment="test",
        region="us-west-2",
        domain=SimpleNamespace(name=domain) if domain else None,
        stack_name=lambda stack: f"exchange-test-{stack}",
    )
    context = CliContext(settings_of=lambda _: settings, clients_in=lambda _: lambda _: platform)
    return CliRunner().invoke(app, ["-e", "test", "address"], obj=context, catch_exceptions=False)


def test_users_come_in_by_the_load_balancer_where_there_is_no_domain() -> None:
    done = address(Platform())
    assert (done.exit_code, done.output) == (0, "http://door.example.com\n")


def test_users_come_in_by_the_domain_where_there_is_one_and_nobody_is_asked() -> None:
    done = address(Platform(outputs=None), domain="exchange.example.com")
    assert (done.exit_code, done.output) == (0, "https://exchange.example.com\n")


def test_an_environment_that_is_not_deployed_has_no_address_and_it_says_how_to_deploy_it() -> None:
    done = address(Platform(outputs=None))
    assert done.exit_code == 2
    assert "stack exchange-test-platform is not deployed in us-west-2" in done.output
    assert "cdk deploy exchange-test-platform -c environment=test" in done.output


def test_a_platform_of_an_older_kind_is_told_from_one_that_is_not_there() -> None:
    done = address(Platform(outputs={}))
    assert done.exit_code == 2
    assert "has no output LoadBalancerName yet" in done.output

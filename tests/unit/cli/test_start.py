"""`python -m release start`: what it refuses, how it follows releases, and how it ends."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from tests.unit.aws.answers import NEW, OLD, error
from tests.unit.cli.conftest import Run
from tests.unit.cli.exchange import MACHINE, Exchange, Script, past

BAD = Script(
    ("Lock", "Preflight", "PollStack", "Bake", "Baked?", "PlanRollback", "RollBackPollStack", "RecordRolledBack"),
    "FAILED",
    "RolledBack",
    "errors 21.3% > limit 1.0%\n(61 samples)",
)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name one or more of backend=sha256:… client=sha256:… engine=sha256:…"),
        (["client"], "'client' is not of the form component=sha256:…"),
        (["client="], "'client=' is not of the form component=sha256:…"),
        (["client=latest"], "client: 'latest' is not an image digest: sha256: and 64 hexadecimal digits, never a tag"),
        ([f"client={NEW.upper()}"], "is not an image digest"),
        ([f"cilent={NEW}"], "unknown component 'cilent': there are backend, client, engine"),
        ([f"client={NEW}", f"client={OLD}"], f"client is named twice: {NEW} and {OLD}"),
        ([f"client={NEW}", "--manifest", "backend=x.json"], "unknown component 'backend': there are client"),
        ([f"client={NEW}", "--manifest", "client=missing.json"], "missing.json, cannot be read: No such file"),
        ([f"client={NEW}", f"backend={NEW}", "--no-wait"], "the order (backend, then client) can only be kept by"),
    ],
)
def test_f7_what_cannot_be_meant_is_refused_before_anything_begins(
    run: Run, exchange: Exchange, arguments: list[str], says: str
) -> None:
    result = run("start", *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert not exchange.started


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        (json.dumps({"component": "engine"}), "component is 'engine', the release is of 'client'"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(run: Run, tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "release.json"
    path.write_text(content)
    result = run("start", f"client={NEW}", "--manifest", f"client={path}")
    assert (result.exit_code, says in result.output) == (2, True)


def test_two_manifests_of_one_component_are_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    path.write_text("{}")
    given = ["--manifest", f"client={path}"]
    assert run("start", f"client={NEW}", *given, *given).exit_code == 2


def test_components_go_out_in_the_order_of_the_chain(run: Run, exchange: Exchange) -> None:
    result = run("start", f"engine={NEW}", f"backend={NEW}", f"client={OLD}")
    assert result.exit_code == 0
    assert [one["component"] for one in exchange.started] == ["backend", "client", "engine"]
    assert [one["digest"] for one in exchange.started] == [NEW, OLD, NEW]


def test_the_machine_gets_what_the_contract_says(run: Run, exchange: Exchange, tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    path.write_text(json.dumps({"component": "client", "schema": {"phase": "expand"}}))
    assert run("start", f"client={NEW}", "--manifest", f"client={path}").exit_code == 0
    asked = exchange.started[0]
    assert asked["machine"] == MACHINE.format("client")
    assert asked["name"] == asked["release_id"]
    assert asked["release_id"].startswith("20261124T101500Z-")
    assert (asked["kind"], asked["requested_by"]) == ("release", "cli:alice")
    assert asked["manifest"] == {"component": "client", "schema": {"phase": "expand"}}


def test_every_state_is_told_with_the_seconds_since_the_release_began(run: Run) -> None:
    lines = run("start", f"client={NEW}").stdout.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["client", "0.0", "s", "Lock"],
        ["client", "10.0", "s", "Preflight"],
        ["client", "20.0", "s", "CreateChangeSet"],
    ]
    assert not [line for line in lines if "Stack?" in line]
    assert lines[-1].startswith("client is released, in 70.0 s")


def test_a_released_version_is_told_with_the_ledgers_reason(
    run: Run, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("release.start.new_release_id", lambda _now: "release-24")
    exchange.remember(past("release-24", NEW, reason="no errors (61 samples)"))
    assert run("start", f"client={NEW}").stdout.splitlines()[-1].endswith("70.0 s: no errors (61 samples)")


def test_what_runs_already_is_said_so_and_the_next_component_goes_out(run: Run, exchange: Exchange) -> None:
    way = ("Lock", "Preflight", "Ready?", "Forget", "Unlock", "LookAgain", "Outcome?", "Unchanged")
    exchange.scripts["backend"] = Script(way)
    result = run("start", f"backend={OLD}", f"client={NEW}")
    assert result.exit_code == 0
    assert f"backend already runs {OLD}: nothing to release" in result.stdout.splitlines()
    assert "backend is released" not in result.stdout
    assert result.stdout.splitlines()[-1].startswith("client is released")


def test_a_loop_is_told_of_again_only_after_a_silence(run: Run, exchange: Exchange) -> None:
    exchange.scripts["client"] = Script(("Lock", *("WaitForSamples", "Bake") * 4, "RecordSuccess"))
    told = [line.split(maxsplit=3)[3] for line in run("start", f"client={NEW}").stdout.splitlines()[1:-1]]
    assert told == ["Lock", "WaitForSamples", "Bake", "WaitForSamples (3 times)", "Bake (4 times)", "RecordSuccess"]


def test_f1_the_first_failure_stops_the_chain_and_says_why(run: Run, exchange: Exchange) -> None:
    exchange.scripts["client"] = BAD
    result = run("start", f"backend={NEW}", f"client={NEW}", f"engine={NEW}")
    assert result.exit_code == 1
    assert [one["component"] for one in exchange.started] == ["backend", "client"]
    assert (
        "client is not released: RolledBack in Bake, after 70.0 s: errors 21.3% > limit 1.0% (61 samples)"
        in result.stderr
    )
    assert "not started: engine" in result.stderr


def test_f10_a_busy_machine_is_a_clean_refusal_that_names_the_running_release(run: Run, exchange: Exchange) -> None:
    exchange.scripts["client"] = Script(("Lock", "Locked?", "Busy"), "FAILED", "Busy", "release-23 holds the lock")
    result = run("start", f"client={NEW}")
    assert result.exit_code == 1
    assert "client is not released: Busy in Lock, after 20.0 s: release-23 holds the lock" in result.stderr


@pytest.mark.parametrize(
    ("status", "says"),
    [("TIMED_OUT", "took longer than a release may"), ("ABORTED", "stopped by hand"), ("FAILED", "no cause was given")],
)
def test_an_execution_that_ended_without_a_word_is_no_release(
    run: Run, exchange: Exchange, status: str, says: str
) -> None:
    exchange.scripts["client"] = Script(("Lock", "Preflight"), status)
    result = run("start", f"client={NEW}")
    assert result.exit_code == 1
    assert f"{status} in Preflight" in result.stderr
    assert says in result.stderr


def test_an_execution_that_is_not_to_be_seen_yet_is_waited_for(run: Run, exchange: Exchange) -> None:
    exchange.failing["describe_execution"] = [error("ExecutionDoesNotExist")] * 2
    assert run("start", f"client={NEW}").exit_code == 0


def test_an_execution_that_is_never_to_be_seen_is_not_waited_for_without_end(run: Run, exchange: Exchange) -> None:
    exchange.failing["describe_execution"] = [error("ExecutionDoesNotExist")] * 30
    result = run("start", f"client={NEW}")
    assert (result.exit_code, "lost sight of client's release" in result.stderr) == (1, True)


def test_a_release_is_a_release_though_the_ledger_cannot_be_asked_why(
    run: Run, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_request: object) -> None:
        raise error("ThrottlingException")

    monkeypatch.setattr(exchange.table, "get_item", throttled)
    result = run("start", f"client={NEW}")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "client is released, in 70.0 s")


def test_no_wait_prints_the_release_and_returns(run: Run, exchange: Exchange) -> None:
    result = run("start", f"client={NEW}", "--no-wait")
    assert (result.exit_code, exchange.pauses) == (0, 0)
    assert result.stdout.splitlines()[-1] == exchange.started[0]["release_id"]


def test_an_interrupt_leaves_the_release_alone_and_says_how_to_look(run: Run, exchange: Exchange) -> None:
    exchange.interrupt_at = 3
    result = run("start", f"client={NEW}", f"engine={NEW}")
    assert result.exit_code == 130
    assert f"{exchange.started[0]['release_id']} goes on without being watched" in result.stderr
    assert "exchange-release -e test status client" in result.stderr
    assert "not started: engine" in result.stderr


def test_a_release_out_of_sight_is_not_called_a_success(run: Run, exchange: Exchange) -> None:
    exchange.failing["describe_execution"] = [EndpointConnectionError(endpoint_url="https://states")]
    result = run("start", f"client={NEW}")
    assert result.exit_code == 1
    assert "lost sight of client's release" in result.stderr
    assert "it goes on; look at it with: exchange-release -e test status client" in result.stderr


def test_a_later_component_that_cannot_be_started_is_a_failure(run: Run, exchange: Exchange) -> None:
    exchange.failing["start_execution"] = [None, error("ExpiredTokenException")]
    result = run("start", f"backend={NEW}", f"client={NEW}", f"engine={NEW}")
    assert result.exit_code == 1
    assert "client is not released, it could not be started" in result.stderr
    assert "not started: engine" in result.stderr


def test_an_environment_that_is_not_deployed_is_named_with_the_remedy(run: Run, exchange: Exchange) -> None:
    exchange.outputs = None
    result = run("start", f"client={NEW}")
    assert result.exit_code == 2
    assert "stack exchange-test-release is not deployed in us-west-2" in result.stderr
    assert "cdk deploy --all -c environment=test" in result.stderr


@pytest.mark.parametrize(
    ("missing", "says"), [("EngineMachineArn", "no release machine of engine"), ("LedgerTableName", "no ledger")]
)
def test_an_environment_that_is_deployed_in_part_is_refused(
    run: Run, exchange: Exchange, missing: str, says: str
) -> None:
    assert exchange.outputs
    del exchange.outputs[missing]
    result = run("start", f"client={NEW}")
    assert (result.exit_code, says in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (NoCredentialsError(), "no AWS credentials"),
        (error("ExpiredToken"), "AWS does not accept these credentials"),
        (error("AccessDenied"), "these credentials may not do this"),
        (EndpointConnectionError(endpoint_url="https://cloudformation"), "AWS cannot be reached"),
        (error("Throttling"), "AWS refused"),
    ],
)
def test_what_aws_objects_to_is_told_in_plain_words(
    run: Run, exchange: Exchange, problem: Exception, says: str
) -> None:
    exchange.failing["describe_stacks"] = [problem]
    result = run("start", f"client={NEW}")
    assert (result.exit_code, says in result.stderr) == (2, True)
    assert "Traceback" not in result.output


def test_a_machine_that_may_not_be_started_is_a_refusal_like_any_other(run: Run, exchange: Exchange) -> None:
    exchange.failing["start_execution"] = [error("AccessDeniedException")]
    result = run("start", f"client={NEW}")
    assert (result.exit_code, "these credentials may not do this" in result.stderr) == (2, True)
    assert not exchange.started

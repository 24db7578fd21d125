"""The adapters, where the handlers' tests do not reach."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from release_aws import clients
from release_aws.cloudformation import Stacks
from release_aws.ecs import Services
from release_aws.items import from_item, to_attribute, to_item
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Executions, execution_arn
from release_engine.ledger import Kind, LockHeldError, Outcome, OvertakenError, Release, epoch, iso
from release_engine.running import Rollout
from tests.unit.aws.account import COMPONENT, Account
from tests.unit.aws.answers import NEW, OLD, error
from tests.unit.aws.fake_table import Dynamo

STACK = str(COMPONENT["stack"])


class Refusing:
    """Every operation ends in the same error."""

    def __init__(self, problem: ClientError) -> None:
        self.problem = problem

    def __getattr__(self, _operation: str) -> Any:
        def refuse(**_request: Any) -> None:
            raise self.problem

        return refuse


def test_an_item_comes_back_as_it_went() -> None:
    values: dict[str, Any] = {"a": None, "b": True, "c": -3, "d": 0.25, "e": "x", "f": [1, {"g": "h"}], "i": {"j": []}}
    assert from_item(to_item(values)) == values


def test_an_enumeration_is_kept_as_its_text() -> None:
    assert to_attribute(Outcome.RELEASED) == {"S": "released"}


def test_what_the_ledger_cannot_keep_is_an_error() -> None:
    with pytest.raises(TypeError, match="cannot keep a set"):
        to_attribute({1})


def test_times_are_iso_8601_in_utc() -> None:
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert epoch(iso(1_795_000_000)) == 1_795_000_000


def test_f10_the_token_only_grows_and_a_lapsed_lease_is_free() -> None:
    ledger, now = Ledger(Dynamo(), "t"), time.time()
    first = ledger.acquire("client", "r1", now=now, lease=60)
    with pytest.raises(LockHeldError, match="r1 holds the lock of client since"):
        ledger.acquire("client", "r2", now=now, lease=60)
    second = ledger.acquire("client", "r2", now=now + 61, lease=60)
    assert (first.token, second.token) == (1, 2)
    assert not ledger.give_back("client", "r1")


def test_f10_only_the_dead_lock_that_was_seen_is_taken_over() -> None:
    ledger, now = Ledger(Dynamo(), "t"), time.time()
    seen = ledger.acquire("client", "r1", now=now, lease=60)
    ledger.acquire("client", "r2", now=now, lease=60, dead=seen)
    with pytest.raises(LockHeldError, match="r2 holds the lock"):
        ledger.acquire("client", "r3", now=now, lease=60, dead=seen)


def test_f35_only_the_holder_with_its_token_may_write() -> None:
    ledger, now = Ledger(Dynamo(), "t"), time.time()
    held = ledger.acquire("client", "r1", now=now, lease=60)
    release = Release("r1", "client", NEW, Kind.RELEASE, "t", Outcome.RELEASED, iso(now), token=held.token + 1)
    with pytest.raises(OvertakenError):
        ledger.record(release)
    assert ledger.releases("client") == []
    assert ledger.find("client", "r1") is None


@pytest.mark.parametrize(
    "call",
    [
        lambda ledger: ledger.give_back("client", "r1"),
        lambda ledger: ledger.abandon("client", "r1", now=0),
        lambda ledger: ledger.record(Release("r1", "client", NEW, Kind.RELEASE, "t", Outcome.FAILED, iso(0))),
    ],
)
def test_a_conflict_of_transactions_is_worth_another_try(call: Any) -> None:
    busy = Refusing(error("TransactionCanceledException", "reasons [TransactionConflict]"))
    with pytest.raises(ClientError):
        call(Ledger(busy, "t"))


def test_an_error_while_locking_is_not_taken_for_a_held_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Dynamo()
    monkeypatch.setattr(table, "update_item", Refusing(error("ProvisionedThroughputExceededException")).update_item)
    with pytest.raises(ClientError):
        Ledger(table, "t").acquire("client", "r1", now=0, lease=60)


@pytest.mark.parametrize(
    "call",
    [
        lambda stacks: stacks.describe(STACK),
        lambda stacks: stacks.execute(STACK, "c"),
        lambda stacks: stacks.cancel(STACK),
        lambda stacks: stacks.create_change_set(Stacks(Account().client("cloudformation")).describe(STACK), "c", NEW),
    ],
)
def test_an_unknown_error_of_cloudformation_is_raised(call: Any) -> None:
    with pytest.raises(ClientError):
        call(Stacks(Refusing(error("Throttling"))))


def test_f7_every_parameter_but_the_digest_is_kept_as_it_is() -> None:
    account = Account()
    stacks = Stacks(account.client("cloudformation"))
    stack = stacks.describe(STACK)
    assert stack is not None
    stacks.create_change_set(stack, "c", NEW)
    request = account.client("cloudformation").change_sets["c"]
    assert request["UsePreviousTemplate"]
    assert request["Parameters"] == [
        {"ParameterKey": "BootstrapVersion", "UsePreviousValue": True},
        {"ParameterKey": "ImageDigest", "ParameterValue": NEW},
    ]


@pytest.mark.parametrize(("wording", "state"), [("No updates are to be performed.", "unchanged"), ("Limit", "failed")])
def test_a_change_set_without_changes_is_told_from_one_that_failed(wording: str, state: str) -> None:
    class Failed(Account):
        def paginate(self, **_: Any) -> list[dict[str, str]]:
            return [{"Status": "FAILED", "StatusReason": wording}]

        def get_paginator(self, _: str) -> "Failed":
            return self

    assert Stacks(Failed()).change_set(STACK, "c").state == state


def test_a_service_that_ecs_has_forgotten_the_deployments_of_tells_for_itself() -> None:
    account = Account(OLD)
    ecs = account.client("ecs")
    ecs.deployments_known = False
    running = Services(ecs).running("exchange-test", "exchange-client-web")
    assert (running.rollout, running.reason, running.tasks) == (Rollout.COMPLETED, "done", {OLD: 1})
    assert Services(ecs).running("exchange-test", "unknown").desired is None


def test_f26_a_task_of_the_services_definition_that_no_service_runs_is_found_and_named() -> None:
    account = Account(NEW)
    account.strays = [OLD]
    running = Services(account.client("ecs")).running("exchange-test", "exchange-client-web")
    assert (running.tasks, running.ids, running.strays) == ({NEW: 1}, {NEW: ["0"]}, {OLD: ["0"]})


def test_a_task_that_was_started_with_a_command_of_its_own_is_no_stray() -> None:
    account = Account(NEW)
    account.strays = [OLD]
    account.client("ecs").overrides = {"containerOverrides": [{"name": "main", "command": ["bin/rails", "console"]}]}
    assert Services(account.client("ecs")).running("exchange-test", "exchange-client-web").strays == {}


def test_the_platform_digest_serves_only_where_the_image_names_none() -> None:
    definition, digest = Services(Account().client("ecs")).revision("r")
    assert (definition, digest) == (f"definition-{NEW}", NEW)


def test_an_execution_is_found_by_machine_and_name() -> None:
    machine = "arn:aws:states:us-west-2:111122223333:stateMachine:client-release"
    assert execution_arn(machine, "r1") == "arn:aws:states:us-west-2:111122223333:execution:client-release:r1"


def test_a_refusal_is_not_taken_for_an_execution_that_runs_already_or_does_not_exist() -> None:
    executions = Executions(Refusing(error("AccessDeniedException")))
    with pytest.raises(ClientError):
        executions.start("m", "n", {})
    with pytest.raises(ClientError):
        executions.status("e")


def test_a_client_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert clients.client("ecs") is clients.client("ecs")
    assert clients.error_code(ValueError()) == ""


class Client:
    """A history of 450 events in pages, newest first; counts the pages that were read."""

    def __init__(self) -> None:
        self.pages = 0

    def get_paginator(self, _operation: str) -> "Client":
        return self

    def paginate(self, **_request: Any) -> Iterator[dict[str, Any]]:
        for newest in range(450, 0, -200):
            self.pages += 1
            yield {"events": [{"id": id_} for id_ in range(newest, max(newest - 200, 0), -1)]}


def test_events_come_oldest_first_from_all_pages() -> None:
    events = Executions(Client()).events_after("arn", 0)
    assert [event["id"] for event in events] == list(range(1, 451))


def test_only_as_much_of_the_past_is_read_as_is_new() -> None:
    client = Client()
    assert [event["id"] for event in Executions(client).events_after("arn", 447)] == [448, 449, 450]
    assert client.pages == 1

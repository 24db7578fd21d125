"""Fresh tasks of the former version, started for a comparison and stopped after it."""

from typing import Any

import pytest

from release_engine.ledger import OvertakenError
from release_handlers import baseline, record
from release_handlers.world import World
from tests.unit.aws.account import CANARY_COMPONENT, COMPONENT, Account
from tests.unit.aws.digests import NEW, OLD
from tests.unit.aws.fake_ecs import PLACED

NAME = "exchange-client-web-baseline-1"


def world_of(account: Account, component: dict[str, Any]) -> World:
    """With its own idea of the component."""
    environment = {"LEDGER_TABLE": "ledger"}
    facts = {"client": component}
    return World(environment, facts, client=account.client, ask=account.ask, now=lambda: next(account.clock))


@pytest.fixture
def world(account: Account) -> World:
    """Whose component has a canary."""
    return world_of(account, CANARY_COMPONENT)


def locked(world: World, release_id: str = "r1", kind: str = "release") -> dict[str, Any]:
    """A release that holds the lock."""
    state = {"release_id": release_id, "component": "client", "digest": NEW, "kind": kind}
    return {**state, "lock": record.lock(state, "execution", world)}


def test_as_many_tasks_as_asked_for_run_what_the_service_runs(account: Account, world: World) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"""
    assert baseline.start(locked(world), world) == {"status": "started", "services": {"web": NAME}}
    assert account.beside == {NAME: [OLD, OLD]}
    (request,) = account.clients["ecs"].created
    assert request["taskDefinition"] == "exchange-client-web:1"
    assert {key: request[key] for key in PLACED} == PLACED
    assert "loadBalancers" not in request


def test_it_calls_others_by_service_connect_and_is_found_by_nobody(account: Account, world: World) -> None:
    baseline.start(locked(world), world)
    (request,) = account.clients["ecs"].created
    assert request["serviceConnectConfiguration"] == {"enabled": True, "namespace": "exchange"}


def test_started_twice_it_runs_once(account: Account, world: World) -> None:
    state = locked(world)
    assert baseline.start(state, world) == baseline.start(state, world)
    assert len(account.clients["ecs"].created) == 1


def test_stopped_twice_it_is_gone(account: Account, world: World) -> None:
    state = locked(world)
    baseline.start(state, world)
    assert baseline.stop(state, world) == {"status": "stopped"}
    assert account.beside == {}
    assert world.ledger.baseline("client") is None
    assert baseline.stop(state, world) == {"status": "none"}


def test_one_that_somebody_deleted_is_no_failure(account: Account, world: World) -> None:
    state = locked(world)
    baseline.start(state, world)
    account.beside.clear()
    assert baseline.stop(state, world) == {"status": "stopped"}


def test_what_an_aborted_release_left_is_stopped_by_the_next(account: Account, world: World) -> None:
    baseline.start(locked(world), world)
    world.ledger.give_back("client", "r1")
    baseline.start(locked(world, "r2"), world)
    assert account.clients["ecs"].deleted == [NAME]
    assert list(account.beside) == ["exchange-client-web-baseline-2"]


def test_a_way_back_is_compared_with_nothing_and_ends_what_is_left(account: Account, world: World) -> None:
    baseline.start(locked(world), world)
    world.ledger.give_back("client", "r1")
    assert baseline.start(locked(world, "undo", "rollback"), world) == {"status": "none", "services": {}}
    assert account.beside == {}


def test_a_first_release_has_nothing_to_be_compared_with(account: Account, world: World) -> None:
    account.run("")
    assert baseline.start(locked(world), world) == {"status": "none", "services": {}}
    assert world.ledger.baseline("client") is None


def test_a_component_without_a_canary_starts_none(account: Account) -> None:
    world = world_of(account, COMPONENT)
    assert baseline.start(locked(world), world)["status"] == "none"
    assert account.clients["ecs"].created == []


def test_f10_a_release_that_was_overtaken_touches_nothing(account: Account, world: World) -> None:
    state = locked(world)
    world.ledger.give_back("client", "r1")
    baseline.start(locked(world, "r2"), world)
    with pytest.raises(OvertakenError, match="r1 no longer holds the lock of client"):
        baseline.start(state, world)
    assert baseline.stop(state, world) == {"status": "none"}
    assert list(account.beside) == ["exchange-client-web-baseline-2"]

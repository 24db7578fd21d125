"""Infrastructure and releases are never at once (F15): to a release, a deployment of stacks is one under way."""

from dataclasses import replace

import pytest

from release_engine.ledger import Kind, Outcome, OvertakenError, Release, iso
from release_handlers import auto_rollback, record
from release_handlers.world import World
from tests.unit.aws.account import Account
from tests.unit.aws.digests import NEW, OLD

HOLDER = "infrastructure:20261124T101500Z-3f2a9c1b"
STATE = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release", "requested_by": "t"}
EXECUTION = "arn:aws:states:us-west-2:111122223333:execution:client-release:r1"


def test_f15_a_release_does_not_take_the_lock_over_for_want_of_an_execution(account: Account, world: World) -> None:
    assert account.live == set()
    world.ledger.acquire("client", HOLDER, now=world.now(), lease=3600)
    answer = record.lock(STATE, EXECUTION, world)
    assert (answer["status"], HOLDER in answer["reason"]) == ("busy", True)
    assert world.ledger.lock("client").holder == HOLDER


def test_f15_a_deployment_that_died_holds_nothing_up_once_its_lease_is_over(world: World) -> None:
    world.ledger.acquire("client", HOLDER, now=world.now() - 3600, lease=60)
    assert record.lock(STATE, EXECUTION, world)["status"] == "locked"
    with pytest.raises(OvertakenError, match=f"{HOLDER} no longer holds the lock of client"):
        world.ledger.renew("client", HOLDER, until=world.now() + 60)
    assert world.ledger.lock("client").holder == "r1"


def test_f15_a_lease_that_is_renewed_goes_on(world: World) -> None:
    world.ledger.acquire("client", HOLDER, now=world.now() - 3600, lease=60)
    world.ledger.renew("client", HOLDER, until=world.now() + 3600)
    assert record.lock(STATE, EXECUTION, world)["status"] == "busy"


def test_f27_an_alarm_while_stacks_change_is_a_persons_to_decide_if_there_is_a_release_to_undo(
    account: Account, world: World
) -> None:
    """A rollback could not begin, and nobody would look again: what raises is told to people."""
    alarm = {"detail": {"alarmName": "exchange-test-client-5xx", "state": {"value": "ALARM"}}}
    world.ledger.acquire("client", HOLDER, now=world.now(), lease=3600)
    assert not auto_rollback.undo(alarm, world)["started"]
    world.ledger.give_back("client", HOLDER)
    for release_id, digest, former in (("r1", OLD, None), ("r2", NEW, OLD)):
        held = world.ledger.acquire("client", release_id, now=world.now(), lease=3600)
        good = Release(release_id, "client", digest, Kind.RELEASE, "t", Outcome.RELEASED, iso(world.now()), former)
        world.ledger.record(replace(good, finished_at=good.started_at, token=held.token))
        world.ledger.give_back("client", release_id)
    account.run(NEW)
    world.ledger.acquire("client", HOLDER, now=world.now(), lease=3600)
    with pytest.raises(auto_rollback.NotUndoneError, match=f"by a person: {HOLDER} deploys stacks"):
        auto_rollback.undo(alarm, world)
    assert account.started == []
    world.ledger.give_back("client", HOLDER)
    assert auto_rollback.undo(alarm, world)["started"]

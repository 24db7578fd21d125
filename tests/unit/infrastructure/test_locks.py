"""Infrastructure and releases are never at once (F15): locks are taken first and given back whatever happens."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from release.infrastructure import deploying
from release.infrastructure.deploying import LEASE_SECONDS
from release_engine.ledger import Kind, Outcome, Release, iso
from tests.unit.aws.answers import NEW, error
from tests.unit.cli.exchange import CHAIN, Script
from tests.unit.infrastructure.scene import ALARM, OTHER_ALARM, PREFIX, Scene

FREE = [None, None, None]
Seen = list[list[str | None]]


@pytest.fixture(autouse=True)
def one_stack_differs(scene: Scene) -> None:
    scene.described(network=OTHER_ALARM)
    scene.deployed(network=ALARM)


@pytest.fixture
def while_it_deploys(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """`while_it_deploys(do)`: the CLI takes long, and `do` happens with every renewal."""
    scene.file("slow")
    cdk_deploy = deploying.cdk_deploy

    def arranged(do: Callable[[], None]) -> None:
        def deploy(*arguments: object, renew: Callable[[], None]) -> int:
            def both() -> None:
                renew()
                do()

            return cdk_deploy(*arguments, renew=both, seconds=0.2)  # type: ignore[arg-type]

        monkeypatch.setattr(deploying, "cdk_deploy", deploy)

    return arranged


def holders_while_it_deploys(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen: Seen = []

    def deploy(*_: object, **__: object) -> int:
        seen.append(scene.holders)
        return 0

    monkeypatch.setattr(deploying, "cdk_deploy", deploy)
    return seen


def ended(scene: Scene) -> bool:
    """What the CLI had started is gone."""
    process = int((scene.project.folder / "sleeping").read_text())
    for _ in range(50):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if "Z" in Path(f"/proc/{process}/stat").read_text().split()[2]:
            return True
        time.sleep(0.1)
    return False


def test_f15_every_lock_is_held_while_stacks_change_and_given_back_after_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = holders_while_it_deploys(scene, monkeypatch)
    assert scene.run().exit_code == 0
    (holders,) = seen
    assert len(set(holders)) == 1
    assert str(holders[0]).startswith("infrastructure:20")
    assert scene.holders == FREE


@pytest.mark.parametrize("component", CHAIN)
def test_f15_while_a_release_runs_nothing_is_deployed_and_its_lock_is_left_alone(scene: Scene, component: str) -> None:
    scene.ledger.acquire(component, "release-21", now=time.time(), lease=3600)
    scene.exchange.scripts[component] = Script(("Lock", "Bake"))
    scene.client("stepfunctions").looks["release-21"] = 0
    result = scene.run()
    assert (result.exit_code, scene.told) == (1, [])
    assert f"release-21 holds the lock of {component} since" in result.stderr
    assert scene.holders == ["release-21" if one == component else None for one in CHAIN]


def test_f15_who_may_not_look_at_a_release_takes_it_for_one_that_runs(scene: Scene) -> None:
    scene.ledger.acquire("client", "release-21", now=time.time(), lease=3600)
    scene.exchange.failing["describe_execution"] = [error("AccessDeniedException", "not authorized")]
    result = scene.run()
    assert (result.exit_code, scene.told, scene.holders) == (1, [], [None, "release-21", None])
    assert "release-21 holds the lock of client since" in result.stderr


def test_f15_two_deployments_are_never_at_once(scene: Scene) -> None:
    other = "infrastructure:20261124T101500Z-00000000"
    scene.ledger.acquire("client", other, now=time.time(), lease=3600)
    result = scene.run()
    assert (result.exit_code, scene.told, scene.holders) == (1, [], [None, other, None])
    assert f"{other} holds the lock of client" in result.stderr


def test_a_release_that_is_over_and_has_not_given_its_lock_back_is_called_failed(scene: Scene) -> None:
    held = scene.ledger.acquire("client", "release-21", now=time.time(), lease=3600)
    running = Release("release-21", "client", NEW, Kind.RELEASE, "t", Outcome.RUNNING, iso(0), token=held.token)
    scene.ledger.record(running)
    assert scene.run().exit_code == 0
    assert [one.outcome for one in scene.ledger.releases("client")] == [Outcome.FAILED]
    assert (scene.holders, scene.told[0]) == (FREE, "deploy")


def test_the_first_deployment_takes_no_lock_and_says_so(scene: Scene) -> None:
    scene.exchange.outputs = None
    result = scene.run()
    assert (result.exit_code, scene.told[0]) == (0, "deploy")
    assert "no lock is taken: the ledger is not deployed yet" in result.stdout
    assert scene.exchange.table.items == {}


def test_a_component_that_has_no_machine_yet_is_locked_all_the_same(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scene.exchange.outputs is not None
    del scene.exchange.outputs["EngineMachineArn"]
    seen = holders_while_it_deploys(scene, monkeypatch)
    assert scene.run().exit_code == 0
    assert None not in seen[0]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_locks_are_given_back_when_the_job_is_cancelled(
    scene: Scene, while_it_deploys: Callable[[Callable[[], None]], None], sent: signal.Signals, code: int
) -> None:
    while_it_deploys(lambda: signal.raise_signal(sent))
    result = scene.run()
    assert (result.exit_code, scene.holders) == (code, FREE)
    assert f"CloudFormation goes on with what it has begun of {PREFIX}network" in result.stderr
    assert ended(scene)


def test_locks_are_given_back_when_the_deployment_fails(scene: Scene) -> None:
    scene.file("code", "1")
    assert (scene.run().exit_code, scene.holders) == (1, FREE)


def test_one_lock_that_cannot_be_given_back_keeps_none_of_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = scene.ledger.__class__.give_back

    def refusing(ledger: object, component: str, holder: str) -> bool:
        if component == "backend":
            raise error("ThrottlingException", "slow down")
        return give_back(scene.ledger, component, holder)

    monkeypatch.setattr("release_aws.ledger.Ledger.give_back", refusing)
    result = scene.run()
    assert (result.exit_code, scene.holders[1:]) == (0, [None, None])
    assert "the lock of backend was not given back (AWS refused" in result.stderr
    assert "ends by itself within 30 minutes" in result.stderr


def hours(step: float) -> Callable[[], float]:
    """A clock that goes on by `step` seconds with each look."""
    ticks: Iterator[float] = (time.time() + step * number for number in range(10**6))
    return partial(next, ticks)


def test_the_locks_are_renewed_for_as_long_as_it_takes(
    scene: Scene, while_it_deploys: Callable[[Callable[[], None]], None]
) -> None:
    rounds: list[int] = []

    def three_times() -> None:
        lock = scene.ledger.lock("engine")
        rounds.append(lock.lease_until)
        if len(rounds) == 3:
            (scene.project.folder / "slow").unlink()
            os.kill(int((scene.project.folder / "sleeping").read_text()), signal.SIGTERM)

    while_it_deploys(three_times)
    result = scene.run(now=hours(60.0))
    assert (result.exit_code, scene.holders) == (0, FREE)
    assert rounds[0] < rounds[1] < rounds[2]


def test_f15_a_deployment_whose_lock_is_lost_is_broken_off(
    scene: Scene, while_it_deploys: Callable[[Callable[[], None]], None]
) -> None:
    def lose() -> None:
        held = scene.ledger.lock("client")
        scene.ledger.acquire("client", "release-22", now=time.time(), lease=60, dead=held)

    while_it_deploys(lose)
    result = scene.run()
    assert (result.exit_code, scene.holders) == (1, [None, "release-22", None])
    assert "no longer holds the lock of client: the deployment was broken off" in result.stderr
    assert ended(scene)


@pytest.mark.parametrize(("step", "code"), [(1.0, 0), (LEASE_SECONDS / 5, 1)])
def test_a_silence_of_aws_is_borne_until_the_lease_nears_its_end(
    scene: Scene,
    while_it_deploys: Callable[[Callable[[], None]], None],
    monkeypatch: pytest.MonkeyPatch,
    step: float,
    code: int,
) -> None:
    rounds: list[None] = []

    def end_in_the_fifth_round() -> None:
        rounds.append(None)
        if len(rounds) == 5:
            os.kill(int((scene.project.folder / "sleeping").read_text()), signal.SIGTERM)

    def silent(*_: object, **__: object) -> None:
        raise error("InternalServerError", "try later")

    while_it_deploys(end_in_the_fifth_round)
    monkeypatch.setattr("release_aws.ledger.Ledger.renew", silent)
    result = scene.run(now=hours(step))
    assert (result.exit_code, scene.holders) == (code, FREE)
    assert ("the locks cannot be renewed (AWS refused" in result.stderr) is (code == 1)
    assert "the locks were not renewed, which is tried again" in result.stderr

"""A stack whose update bakes in ECS, as the machine looks at it."""

from typing import Any

import pytest

from release_handlers import deploy
from release_handlers.world import World
from tests.unit.aws.account import Account
from tests.unit.aws.answers import error
from tests.unit.aws.digests import NEW


@pytest.fixture
def state(account: Account, world: World) -> dict[str, Any]:
    """NEW bakes, for a long time."""
    account.outcome = ["bake"]
    made: dict[str, Any] = {"release_id": "r1", "component": "client", "digest": NEW, "kind": "release"}
    for action in ("create", "inspect", "execute"):
        made["deploy"] = deploy.act(action, "release", made, world)
    return made


def poll(state: dict[str, Any], world: World) -> str:
    """One look."""
    state["deploy"] = deploy.act("poll", "release", state, world)
    return str(state["deploy"]["status"])


def test_a_version_that_all_users_are_on_bakes(state: dict[str, Any], world: World) -> None:
    assert poll(state, world) == "baking"


def test_a_version_of_which_a_task_is_missing_does_not_bake_yet(
    account: Account, state: dict[str, Any], world: World
) -> None:
    poll(state, world)
    account.running["exchange-client-worker"] = [account.digest, account.digest]
    assert poll(state, world) == "in_progress"


def test_what_was_judged_bakes_no_more(state: dict[str, Any], world: World) -> None:
    state["bake"] = {"status": "judged", "verdict": "PASS"}
    assert poll(state, world) == "in_progress"


def test_what_was_stopped_bakes_no_more_although_ecs_may_still_say_so(
    account: Account, state: dict[str, Any], world: World
) -> None:
    poll(state, world)
    state["deploy"] = deploy.act("stop", "release", state, world)
    account.bakes_for = 100  # ECS has not got round to it
    assert state["deploy"]["stopped"]
    assert poll(state, world) == "in_progress"


def test_a_look_at_which_ecs_does_not_answer_is_made_again(
    account: Account, state: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> None:
        raise error("ThrottlingException")

    with monkeypatch.context() as patched:
        patched.setattr(account.clients["ecs"], "list_service_deployments", throttled)
        assert poll(state, world) == "in_progress"
    assert poll(state, world) == "baking"


@pytest.mark.parametrize(("code", "raises"), [("ConflictException", False), ("AccessDeniedException", True)])
def test_only_a_deployment_that_is_over_may_refuse_to_be_stopped(
    account: Account, state: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch, *, code: str, raises: bool
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html"""
    poll(state, world)

    def refused(**_: Any) -> None:
        raise error(code)

    monkeypatch.setattr(account.clients["ecs"], "stop_service_deployment", refused)
    if raises:
        with pytest.raises(Exception, match=code):
            deploy.act("stop", "release", state, world)
    else:
        assert deploy.act("stop", "release", state, world)["stopped"] == []

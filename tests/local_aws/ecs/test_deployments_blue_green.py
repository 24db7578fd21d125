"""Blue/green, canary and linear: a second fleet is proved before users see it, and traffic moves in steps and back.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html,
deployment-type-linear.html and canary-deployment.html
"""

from collections.abc import Callable
from typing import Any

import pytest

from local_aws.ecs.services import lifecycle_hooks
from local_aws.ecs.services.traffic import steps
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import (
    BLUE_GREEN,
    CHECK,
    LONG_BAKE,
    SAYS,
    Balanced,
    Ecs,
    Moves,
    Record,
    described,
    hooked,
    paused,
    reaches,
    registered,
    released,
    update,
)


def test_test_traffic_moves_before_production_traffic(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: Moves
) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    moves.clear()
    update(ecs, name, registry.server("two"))
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    green = {balanced.green: 100, balanced.blue: 0}
    assert moves == [(balanced.test, green), (balanced.production, green)]
    assert registered(ecs, name, balanced.green)


def test_target_groups_take_turns(registry: Registry, ecs: Ecs, balanced: Balanced, moves: Moves) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    for version in ("two", "three"):
        update(ecs, name, registry.server(version))
        ecs.settled(name)
    serving = [next(g for g, weight in weights.items() if weight) for rule, weights in moves if rule != balanced.test]
    assert serving == [balanced.blue, balanced.green, balanced.blue]


def test_blue_is_kept_through_the_bake(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = released(registry, ecs, balanced, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2})
    blue = {task["taskArn"] for task in ecs.tasks(name)}
    update(ecs, name, registry.server("two"))
    reaches(ecs, name, "BAKE_TIME")
    assert blue <= {task["taskArn"] for task in ecs.tasks(name)}
    ecs.settled(name)
    assert not blue & {task["taskArn"] for task in ecs.tasks(name)}


def test_green_that_crashes_is_given_up_and_blue_serves_on(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    update(ecs, name, registry.server("crash"))
    assert "Essential container in task exited" in ecs.settled(name)["statusReason"]
    assert balanced.weights(balanced.production) == {balanced.blue: 100, balanced.green: 0}
    assert registered(ecs, name, balanced.blue)


def test_blue_green_without_a_load_balancer_replaces_the_fleet(registry: Registry, ecs: Ecs) -> None:
    name = ecs.create(ecs.define(registry.server("one"), healthCheck=CHECK), deploymentConfiguration=BLUE_GREEN)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    second = ecs.define(registry.server("two"), healthCheck=CHECK)
    ecs.update(name, taskDefinition=second)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert [task["taskDefinitionArn"] for task in ecs.tasks(name)] == [second]


def test_a_first_deployment_shifts_at_once_and_does_not_bake(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: Moves
) -> None:
    """There is no source revision: nothing to take traffic from, and nothing to go back to."""
    strategy = {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 10, "stepBakeTimeInMinutes": 60}}
    name = released(registry, ecs, balanced, LONG_BAKE | strategy)
    assert "sourceServiceRevisions" not in ecs.deployment(name) or not ecs.deployment(name)["sourceServiceRevisions"]
    assert moves == [(rule, {balanced.blue: 100, balanced.green: 0}) for rule in (balanced.test, balanced.production)]


def test_a_rollback_during_the_bake_is_a_traffic_flip_with_blue_still_there(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: Moves
) -> None:
    name = released(registry, ecs, balanced, LONG_BAKE)
    blue = {task["taskArn"] for task in ecs.tasks(name)}
    update(ecs, name, registry.server("two"))
    arn = reaches(ecs, name, "BAKE_TIME")["serviceDeploymentArn"]
    moves.clear()
    contracts.call(ecs.client, "StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    back = {balanced.blue: 100, balanced.green: 0}
    assert moves == [(balanced.production, back), (balanced.test, back)]
    assert {task["taskArn"] for task in ecs.tasks(name)} == blue


def test_f15_the_rule_is_ecs_own_and_its_weights_are_whole_after_every_way(
    registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    """One target group serves, whole: what blue/green asks of the rule (troubleshooting-blue-green.html)."""
    name = released(registry, ecs, balanced, BLUE_GREEN)
    for version, serving in (("crash", balanced.blue), ("two", balanced.green)):
        update(ecs, name, registry.server(version))
        ecs.settled(name)
        other = balanced.green if serving == balanced.blue else balanced.blue
        assert balanced.weights(balanced.production) == {serving: 100, other: 0}
        assert registered(ecs, name, serving)


def test_f20_a_newer_deployment_stops_the_overtaken_one_and_puts_its_traffic_back_first(
    registry: Registry, ecs: Ecs, balanced: Balanced, moves: Moves
) -> None:
    """STOP_REQUESTED, then STOPPED (service-deployment.html); the newer one begins with RECONCILE_SERVICE."""
    name = released(registry, ecs, balanced, LONG_BAKE)
    update(ecs, name, registry.server("two"))
    overtaken = reaches(ecs, name, "BAKE_TIME")
    image = registry.server("three")
    moves.clear()
    update(ecs, name, image, deploymentConfiguration=BLUE_GREEN)
    newest = ecs.settled(name)
    stopped = described(ecs, overtaken["serviceDeploymentArn"])
    assert (stopped["status"], newest["status"]) == ("STOPPED", "SUCCESSFUL")
    assert stopped["stoppedAt"] <= newest["finishedAt"]
    back, forth = {balanced.blue: 100, balanced.green: 0}, {balanced.blue: 0, balanced.green: 100}
    assert [weights for rule, weights in moves if rule == balanced.production] == [back, forth]
    assert [task["containers"][0]["image"] for task in ecs.tasks(name)] == [image]
    assert registered(ecs, name, balanced.green)


HookFactory = Callable[[str], str]
CANARY = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 1,
    "canaryConfiguration": {"canaryPercent": 10, "canaryBakeTimeInMinutes": 1},
}
LINEAR = {
    "strategy": "LINEAR",
    "bakeTimeInMinutes": 1,
    "linearConfiguration": {"stepPercent": 40, "stepBakeTimeInMinutes": 1},
}
FUNCTION = "arn:aws:lambda:us-west-2:000000000000:function:asked"
STEPS = ("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """The stage of each invocation, and the target's share of production traffic that it was told."""
    seen: list[tuple[str, float]] = []

    def answer(_function: str, event: Record) -> Record:
        details = event["executionDetails"]
        weight = details["productionTrafficWeights"][details["targetServiceRevisionArn"]]
        seen.append((event["lifecycleStage"], weight))
        return {"hookStatus": "SUCCEEDED"}

    monkeypatch.setattr(lifecycle_hooks, "_invoke", answer)
    return seen


@pytest.mark.parametrize("case", [(CANARY, [10, 100]), (LINEAR, [40, 80, 100])])
def test_every_step_asks_both_hooks_with_the_weights_before_and_after(
    registry: Registry, ecs: Ecs, balanced: Balanced, asked: list[tuple[str, float]], case: tuple[Record, list[int]]
) -> None:
    configuration, shares = case
    name = released(registry, ecs, balanced, BLUE_GREEN)
    update(
        ecs, name, registry.server("two"), deploymentConfiguration=hooked(FUNCTION, *STEPS, configuration=configuration)
    )
    over = ecs.settled(name)
    before = [0, *shares[:-1]]
    expected = [asking for pair in zip(before, shares, strict=True) for asking in zip(STEPS, pair, strict=True)]
    assert (over["status"], asked) == ("SUCCESSFUL", expected)
    assert balanced.weights(balanced.production) == {balanced.green: 100, balanced.blue: 0}
    arns = [over["serviceDeploymentArn"]]
    contracts.call(ecs.client, "DescribeServiceDeployments", serviceDeploymentArns=arns)


def test_a_canary_gets_its_share_before_all(registry: Registry, ecs: Ecs, balanced: Balanced, moves: Moves) -> None:
    name = released(registry, ecs, balanced, CANARY)
    update(ecs, name, registry.server("two"))
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    shares = [weights[balanced.green] for rule, weights in moves if rule == balanced.production]
    assert shares == [0, 10, 100]


def test_a_canary_that_is_refused_gives_its_share_back(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, moves: Moves
) -> None:
    """A tenth of a percent is a weight of one in a thousand: weights are whole numbers."""
    name = released(registry, ecs, balanced, BLUE_GREEN)
    moves.clear()
    tiny = CANARY | {"canaryConfiguration": {"canaryPercent": 0.1, "canaryBakeTimeInMinutes": 0}}
    refusing = hooked(hook(SAYS % "FAILED"), "PRODUCTION_TRAFFIC_SHIFT", configuration=tiny)
    update(ecs, name, registry.server("two"), deploymentConfiguration=refusing)
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    production = [weights for rule, weights in moves if rule == balanced.production]
    assert production == [{balanced.green: 1, balanced.blue: 999}, {balanced.blue: 100, balanced.green: 0}]


@pytest.mark.parametrize(
    "case",
    [
        ({"strategy": "LINEAR"}, [*range(10, 100, 10), 100]),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.3}}, [33.3, 66.6, 99.9, 100]),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 100}}, [100]),
        ({"strategy": "CANARY"}, [5, 100]),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 100}}, [100]),
        ({"strategy": "BLUE_GREEN"}, [100]),
    ],
)
def test_steps_add_up_to_all_traffic_and_the_last_one_does_not_wait(case: tuple[Record, list[float]]) -> None:
    """Defaults: API_LinearConfiguration.html (10 %, 6 minutes) and API_CanaryConfiguration.html (5 %, 10 minutes)."""
    configuration, percents = case
    found = list(steps(configuration, first=False))
    waits = {"LINEAR": 6, "CANARY": 10}.get(str(configuration["strategy"]), 0)
    assert [step.percent for step in found] == percents
    assert [step.minutes for step in found] == [waits] * (len(found) - 1) + [0]
    assert [step.percent for step in steps(configuration, first=True)] == [100]


@pytest.mark.parametrize(
    "case",
    [
        ({"linearConfiguration": {"stepPercent": 2.9}}, "stepPercent"),
        ({"canaryConfiguration": {"canaryPercent": 5.05}}, "canaryPercent"),
        ({"canaryConfiguration": {"canaryBakeTimeInMinutes": 1441}}, "canaryBakeTimeInMinutes"),
        (paused("PRODUCTION_TRAFFIC_SHIFT"), "Invalid lifecycle stage provided for Pause Hook"),
        (paused("PRE_SCALE_UP", timeoutConfiguration={"timeoutInMinutes": 20161}), "20160"),
        (hooked("arn:function", timeoutConfiguration={"timeoutInMinutes": 1441}), "1440"),
        ({"lifecycleHooks": paused("PRE_SCALE_UP")["lifecycleHooks"] * 11}, "at most 10"),
    ],
)
def test_a_configuration_that_ecs_does_not_take_is_refused(
    registry: Registry, ecs: Ecs, case: tuple[dict[str, Any], str]
) -> None:
    """troubleshooting-blue-green.html and pause-lifecycle-hooks.html (Constraints)"""
    configuration, words = case
    definition = ecs.define(registry.server("one"))
    with pytest.raises(ecs.client.exceptions.ClientError, match=words):
        ecs.create(definition, deploymentConfiguration=BLUE_GREEN | configuration)


def test_f15_rules_that_blue_green_cannot_own_are_refused(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    definition, (settings,) = ecs.define(registry.server("one")), balanced.settings()
    plain = {key: value for key, value in settings.items() if key != "advancedConfiguration"}
    twice = settings["advancedConfiguration"] | {"testListenerRule": balanced.production}
    shared = settings | {"advancedConfiguration": twice}
    refused = ecs.client.exceptions.InvalidParameterException
    with pytest.raises(refused, match="advancedConfiguration field is required"):
        ecs.create(definition, deploymentConfiguration=BLUE_GREEN, loadBalancers=[plain])
    with pytest.raises(refused, match="cannot be used as both production and test"):
        ecs.create(definition, deploymentConfiguration=BLUE_GREEN, loadBalancers=[shared])

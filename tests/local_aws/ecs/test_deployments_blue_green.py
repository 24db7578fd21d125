"""Blue/green: a second fleet is proved before users see it, and a failure puts all traffic back.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""

from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_deployments import (
    BLUE_GREEN,
    CHECK,
    LONG_BAKE,
    Moves,
    described,
    reaches,
    registered,
    released,
    update,
)
from tests.local_aws.ecs.sample_services import Balanced, Ecs


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

"""Target health, as the load balancer finds it by asking."""

import threading
import time

from local_aws.elastic_load_balancing import load_balancer
from tests.local_aws.ecs.sample_services import wait_for
from tests.local_aws.elastic_load_balancing.sample_targets import Target, ask, counted, serving
from tests.local_aws.elastic_load_balancing.test_load_balancer import Front, front, pair

__all__ = ["front", "pair"]


def test_f12_target_needs_one_passed_check_before_it_gets_requests(front: Front) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""
    front.elb.modify_target_group(TargetGroupArn=front.blue, UnhealthyThresholdCount=10)
    with serving(Target("slow start")) as target:
        target.awake.clear()
        front.elb.register_targets(
            TargetGroupArn=front.blue, Targets=[{"Id": target.place[0], "Port": target.place[1]}]
        )
        assert front.state(front.blue, target) == "initial"
        assert ask(front.url)[0] == 503
        target.awake.set()
        wait_for(lambda: front.state(front.blue, target), lambda seen: seen == "healthy")
        assert ask(front.url)[:2] == (200, "slow start")


def test_target_becomes_unhealthy_with_its_reason_and_recovers(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""
    blue, _ = pair
    blue.health = 500
    wait_for(lambda: front.state(front.blue, blue), lambda seen: seen == "unhealthy")
    health = front.health(front.blue)["TargetHealth"]
    assert health["Reason"] == "Target.ResponseCodeMismatch"
    assert "500" in health["Description"]
    blue.health = 200
    wait_for(lambda: front.state(front.blue, blue), lambda seen: seen == "healthy")
    assert front.health(front.blue)["TargetHealth"] == {"State": "healthy"}


def test_unhealthy_target_gets_nothing_while_another_is_healthy(front: Front, pair: tuple[Target, Target]) -> None:
    blue, _ = pair
    with serving(Target("second")) as second:
        front.register(front.blue, second)
        blue.health = 503
        wait_for(lambda: front.state(front.blue, blue), lambda seen: seen == "unhealthy")
        assert counted(front.url, 20) == {"second": 20}


def test_load_balancer_fails_open_when_every_target_is_unhealthy(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""
    blue, _ = pair
    blue.health = 503
    wait_for(lambda: front.state(front.blue, blue), lambda seen: seen == "unhealthy")
    assert ask(front.url)[:2] == (200, "blue")


def test_target_that_nobody_listens_at_fails_its_checks(front: Front) -> None:
    with serving(Target("gone")) as target:
        pass
    front.register(front.blue, target, "unhealthy")
    assert front.health(front.blue)["TargetHealth"]["Reason"] == "Target.FailedHealthChecks"


def test_group_without_a_rule_is_unused(front: Front) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""
    front.elb.delete_rule(RuleArn=front.rule)
    with serving(Target("idle")) as target:
        front.register(front.blue, target, "unused")
        assert front.health(front.blue)["TargetHealth"]["Reason"] == "Target.NotInUse"


def test_draining_lets_requests_end_and_takes_no_new_ones(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html"""
    blue, _ = pair
    blue.seconds = 1.0
    answers: list[int] = []
    under_way = threading.Thread(target=lambda: answers.append(ask(front.url)[0]))
    under_way.start()
    wait_for(lambda: len(blue.seen), lambda seen: seen == 1)
    started = time.monotonic()
    load_balancer.deregister_targets(front.blue, [blue.place])
    assert front.state(front.blue, blue) == "draining"
    assert front.health(front.blue)["TargetHealth"]["Reason"] == "Target.DeregistrationInProgress"
    assert ask(front.url)[0] == 503
    under_way.join()
    wait_for(lambda: front.state(front.blue, blue), lambda seen: seen == "unused")
    assert answers == [200]
    assert time.monotonic() - started > 0.5  # the delay of 30 s, by the rehearsal's clock


def test_target_registered_again_while_it_drains_is_new(front: Front, pair: tuple[Target, Target]) -> None:
    blue, _ = pair
    load_balancer.deregister_targets(front.blue, [blue.place])
    front.register(front.blue, blue)
    time.sleep(0.7)
    assert front.state(front.blue, blue) == "healthy"


def test_unknown_target_is_unused(front: Front) -> None:
    health = front.elb.describe_target_health(TargetGroupArn=front.blue, Targets=[{"Id": "127.0.0.9", "Port": 9}])
    assert health["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered"

"""Application Auto Scaling: https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html"""

from typing import Any

import pytest

from local_aws.server import LocalAws
from tests.local_aws.contracts import call
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


@pytest.fixture
def scaling(aws: LocalAws) -> Any:
    return aws.client("application-autoscaling")


@pytest.fixture
def service(ecs: Ecs, registry: Registry) -> str:
    name = ecs.create(ecs.define(registry.server("one")))
    ecs.settled(name)
    return name


def target(ecs: Ecs, service: str) -> dict[str, str]:
    return DIMENSION | {"ResourceId": f"service/{ecs.cluster}/{service}"}


def test_f6_minimum_above_the_desired_count_raises_it(scaling: Any, ecs: Ecs, service: str) -> None:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html"""
    call(scaling, "RegisterScalableTarget", **target(ecs, service), MinCapacity=2, MaxCapacity=4)
    wait_for(lambda: ecs.service(service)["runningCount"], lambda running: running == 2)
    activities = call(scaling, "DescribeScalingActivities", **target(ecs, service))["ScalingActivities"]
    assert [activity["Cause"] for activity in activities] == ["minimum capacity was set to 2"]
    call(scaling, "RegisterScalableTarget", **target(ecs, service), MinCapacity=1, MaxCapacity=1)
    wait_for(lambda: ecs.service(service)["desiredCount"], lambda desired: desired == 1)


def test_targets_and_policies_are_described_as_they_were_put(scaling: Any, ecs: Ecs, service: str) -> None:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html"""
    where = target(ecs, service)
    call(scaling, "RegisterScalableTarget", **where, MinCapacity=1, MaxCapacity=3)
    tracking = {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
    }
    policy = {
        "PolicyName": "cpu",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }
    arn = call(scaling, "PutScalingPolicy", **where, **policy)["PolicyARN"]
    resources = [where["ResourceId"]]
    targets = call(scaling, "DescribeScalableTargets", ServiceNamespace="ecs", ResourceIds=resources)["ScalableTargets"]
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in targets] == [(1, 3)]
    policies = call(scaling, "DescribeScalingPolicies", **where)["ScalingPolicies"]
    assert [(p["PolicyARN"], p["TargetTrackingScalingPolicyConfiguration"]) for p in policies] == [(arn, tracking)]
    call(scaling, "DeregisterScalableTarget", **where)
    assert call(scaling, "DescribeScalingPolicies", **where)["ScalingPolicies"] == []


def test_bounds_that_cross_are_refused(scaling: Any, ecs: Ecs, service: str) -> None:
    with pytest.raises(scaling.exceptions.ValidationException, match="Maximum capacity"):
        scaling.register_scalable_target(**target(ecs, service), MinCapacity=3, MaxCapacity=2)


def test_service_that_does_not_exist_is_refused(scaling: Any, ecs: Ecs) -> None:
    with pytest.raises(scaling.exceptions.ValidationException, match="ECS service doesn't exist"):
        scaling.register_scalable_target(**target(ecs, "nobody"), MinCapacity=1, MaxCapacity=2)


def test_policy_without_a_target_is_refused(scaling: Any, ecs: Ecs) -> None:
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.put_scaling_policy(**target(ecs, "nobody"), PolicyName="cpu", PolicyType="TargetTrackingScaling")

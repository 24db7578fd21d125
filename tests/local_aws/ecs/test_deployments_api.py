"""The states of service deployments, stopping them, and what lists them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from local_aws.clock import Clock
from local_aws.ecs.services import blue_green, lifecycle_hooks
from local_aws.ecs.services.rollouts import Rollout
from local_aws.server import LocalAws
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import (
    BLUE_GREEN,
    LONG_BAKE,
    Balanced,
    Ecs,
    Inbox,
    described,
    reaches,
    released,
    update,
    wait_for,
)

ROLLING = {"strategy": "ROLLING", "minimumHealthyPercent": 0, "maximumPercent": 100}


def test_stopping_a_deployment_rolls_it_back_whatever_its_configuration(registry: Registry, ecs: Ecs) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html"""
    name = ecs.create(ecs.define(registry.server("one")), deploymentConfiguration=ROLLING)
    former = ecs.settled(name)["targetServiceRevision"]["arn"]
    update(ecs, name, registry.server("two"), deploymentConfiguration=ROLLING | {"bakeTimeInMinutes": 30})
    arn = reaches(ecs, name, "BAKE_TIME")["serviceDeploymentArn"]
    assert contracts.call(ecs.client, "StopServiceDeployment", serviceDeploymentArn=arn)["serviceDeploymentArn"] == arn
    assert described(ecs, arn)["status"] in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
    ecs.client.stop_service_deployment(serviceDeploymentArn=arn)  # "continues the rollback operation"
    over = ecs.settled(name)
    assert (over["status"], over["rollback"]["serviceRevisionArn"]) == ("ROLLBACK_SUCCESSFUL", former)
    contracts.call(ecs.client, "DescribeServiceDeployments", serviceDeploymentArns=[arn])


def test_what_cannot_be_stopped_is_refused(registry: Registry, ecs: Ecs) -> None:
    """ABORT is in the model, but "the valid values are ROLLBACK" (API_StopServiceDeployment.html)."""
    errors, stop = ecs.client.exceptions, ecs.client.stop_service_deployment
    name = ecs.create(ecs.define(registry.server("one")), deploymentConfiguration=ROLLING)
    arn = ecs.settled(name)["serviceDeploymentArn"]
    with pytest.raises(errors.ConflictException, match="SUCCESSFUL"):
        stop(serviceDeploymentArn=arn)
    with pytest.raises(errors.ServiceDeploymentNotFoundException):
        stop(serviceDeploymentArn=arn + "x")
    with pytest.raises(errors.InvalidParameterException, match="ROLLBACK"):
        stop(serviceDeploymentArn=arn, stopType="ABORT")


def test_a_deployment_stopped_before_its_turn_never_starts_a_task(
    registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    serving = {task["taskArn"] for task in ecs.tasks(name)}
    update(ecs, name, registry.server("two"))
    ecs.client.stop_service_deployment(serviceDeploymentArn=ecs.deployment(name)["serviceDeploymentArn"])
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert {task["taskArn"] for task in ecs.tasks(name)} == serving


def test_stages_come_in_the_documented_order(
    registry: Registry, ecs: Ecs, balanced: Balanced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html"""
    asked: list[str] = []

    def recorded(clock: Clock, rollout: Rollout, stage: str) -> Iterator[None]:
        asked.append(stage)
        return lifecycle_hooks.run_hooks(clock, rollout, stage)

    name = released(registry, ecs, balanced, BLUE_GREEN)
    monkeypatch.setattr(blue_green, "run_hooks", recorded)
    update(ecs, name, registry.server("two"))
    assert "lifecycleStage" not in ecs.settled(name)
    assert asked == [
        "PRE_SCALE_UP",
        "SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
        "BAKE_TIME",
        "CLEAN_UP",
    ]


def test_a_deployment_tells_both_revisions_and_their_weights(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = released(registry, ecs, balanced, LONG_BAKE)
    former = ecs.deployment(name)["targetServiceRevision"]["arn"]
    update(ecs, name, registry.server("two"))
    baking = reaches(ecs, name, "BAKE_TIME")
    (source,), target = baking["sourceServiceRevisions"], baking["targetServiceRevision"]
    assert (baking["status"], source["arn"]) == ("IN_PROGRESS", former)
    assert (source["requestedProductionTrafficWeight"], target["requestedProductionTrafficWeight"]) == (0, 100)
    assert (source["requestedTestTrafficWeight"], target["requestedTestTrafficWeight"]) == (0, 100)
    assert (source["runningTaskCount"], target["runningTaskCount"]) == (1, 1)
    assert baking["deploymentCircuitBreaker"] == {"status": "DISABLED", "failureCount": 0, "threshold": 3}
    assert baking["alarms"] == {"status": "DISABLED"}
    arns = [baking["serviceDeploymentArn"]]
    contracts.call(ecs.client, "DescribeServiceDeployments", serviceDeploymentArns=arns)
    revisions = contracts.call(ecs.client, "DescribeServiceRevisions", serviceRevisionArns=[former, target["arn"]])
    assert {revision["serviceRevisionArn"] for revision in revisions["serviceRevisions"]} == {former, target["arn"]}


def test_deployments_are_listed_by_state_and_time_and_page(registry: Registry, ecs: Ecs) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html"""
    name = ecs.create(ecs.define(registry.server("one")), deploymentConfiguration=ROLLING)
    first = ecs.settled(name)
    ecs.update(name, forceNewDeployment=True)
    second = ecs.settled(name)
    at = {"cluster": ecs.cluster, "service": name}

    def listed(**more: object) -> list[str]:
        answer = contracts.call(ecs.client, "ListServiceDeployments", **at, **more)
        return [brief["serviceDeploymentArn"] for brief in answer["serviceDeployments"]]

    newest, oldest = second["serviceDeploymentArn"], first["serviceDeploymentArn"]
    assert listed() == [newest, oldest]
    assert listed(status=["ROLLBACK_SUCCESSFUL"]) == []
    later = second["createdAt"] + timedelta(hours=1)
    assert (listed(createdAt={"after": later}), listed(createdAt={"before": later})) == ([], [newest, oldest])
    page = ecs.client.list_service_deployments(**at, maxResults=1)
    assert listed(maxResults=1, nextToken=page["nextToken"]) == [oldest]


def test_a_deleted_service_has_no_deployments_any_more(registry: Registry, ecs: Ecs) -> None:
    name = ecs.create(ecs.define(registry.server("one")))
    arn = ecs.settled(name)["serviceDeploymentArn"]
    ecs.client.delete_service(cluster=ecs.cluster, service=name, force=True)
    wait_for(lambda: ecs.service(name)["status"], lambda status: status == "INACTIVE")
    answer = ecs.client.describe_service_deployments(serviceDeploymentArns=[arn])
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


def test_a_failure_is_an_event_only_where_breaker_or_alarms_are_in_use(
    aws: LocalAws, registry: Registry, ecs: Ecs
) -> None:
    """ "Only for services that have deployment circuit breaker logic turned on": ecs_service_deployment_events.html"""
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 1}}
    name = ecs.create(ecs.define(registry.server("one")), deploymentConfiguration=ROLLING)
    former = ecs.settled(name)
    inbox = Inbox(aws, "ECS Deployment State Change", resources=[former["serviceArn"]])
    update(ecs, name, registry.server("crash"))
    assert ecs.settled(name)["status"] == "STOPPED"
    update(ecs, name, registry.server("crash"), deploymentConfiguration=ROLLING | {"deploymentCircuitBreaker": breaker})
    failed = ecs.settled(name)
    assert (failed["status"], failed["deploymentCircuitBreaker"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert failed["deploymentCircuitBreaker"]["threshold"] == 1
    names = [event["detail"]["eventName"].removeprefix("SERVICE_DEPLOYMENT_") for event in inbox.events(5)]
    assert names == ["IN_PROGRESS", "IN_PROGRESS", "FAILED", "IN_PROGRESS", "COMPLETED"]


def test_each_change_of_a_task_is_an_event(aws: LocalAws, registry: Registry, ecs: Ecs) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html"""
    clusters = [ecs.client.describe_clusters(clusters=[ecs.cluster])["clusters"][0]["clusterArn"]]
    inbox = Inbox(aws, "ECS Task State Change", detail={"clusterArn": clusters})
    task = ecs.run(ecs.define(registry.server("crash")))
    ecs.wait(task, "STOPPED")
    told = [event["detail"] for event in inbox.events(5)]
    assert [detail["lastStatus"] for detail in told] == ["PENDING", "RUNNING", "RUNNING", "STOPPING", "STOPPED"]
    assert [detail["desiredStatus"] for detail in told[1:3]] == ["RUNNING", "STOPPED"]
    last = told[-1]
    assert (last["taskArn"], last["stopCode"]) == (task, "EssentialContainerExited")
    assert last["containers"][0]["exitCode"] == 3
    assert "healthStatus" not in last

"""Rolling deployments keep to their limits, and a bad one puts the last completed revision back.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from pathlib import Path
from typing import Any

import pytest

from local_aws.ecs.tasks import containers
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import ALONE, Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

CHECK = {"command": ["CMD", "bin/alive"], "interval": 10}
BREAKER = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 2}}
ABREAST = {"minimumHealthyPercent": 100, "maximumPercent": 200, "deploymentCircuitBreaker": BREAKER}
ONE_AT_A_TIME = {"minimumHealthyPercent": 0, "maximumPercent": 100, "deploymentCircuitBreaker": BREAKER}


def test_a_service_is_steady_when_its_tasks_run_and_are_healthy(registry: Registry, ecs: Ecs) -> None:
    name = ecs.create(ecs.define(registry.server("one"), healthCheck=CHECK), desiredCount=2)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    service, tasks = ecs.service(name), ecs.tasks(name)
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (2, "COMPLETED")
    assert {task["healthStatus"] for task in tasks} == {"HEALTHY"}
    assert {(task["group"], task["startedBy"]) for task in tasks} == {
        (f"service:{name}", service["deployments"][0]["id"])
    }


def test_f23_a_singleton_never_runs_twice(registry: Registry, ecs: Ecs, tmp_path: Path) -> None:
    """The program fails when another one holds the lock: its exit would be counted."""
    definition = ecs.define(
        registry.program(ALONE), environment=[{"name": "LOCK", "value": str(tmp_path / "lock")}], stopTimeout=30
    )
    name = ecs.create(definition, deploymentConfiguration=ONE_AT_A_TIME)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    for _ in range(2):
        ecs.update(name, forceNewDeployment=True)
        assert ecs.settled(name)["status"] == "SUCCESSFUL"
        assert ecs.service(name)["deployments"][0]["failedTasks"] == 0


def test_the_old_tasks_stay_until_the_new_ones_are_healthy(registry: Registry, ecs: Ecs) -> None:
    repository = registry.repository()
    first, second = (ecs.define(registry.server(v, repository), healthCheck=CHECK) for v in ("one", "two"))
    name = ecs.create(first, desiredCount=2, deploymentConfiguration=ABREAST)
    ecs.settled(name)
    ecs.update(name, taskDefinition=second)
    seen = [_healthy(ecs, name)]
    while "finishedAt" not in ecs.deployment(name):
        seen.append(_healthy(ecs, name))
    assert min(seen) >= 2
    assert {task["taskDefinitionArn"] for task in ecs.tasks(name)} == {second}


def test_f3_a_version_that_crashes_trips_the_breaker_and_the_former_one_stays(registry: Registry, ecs: Ecs) -> None:
    repository = registry.repository()
    good, bad = (ecs.define(registry.server(v, repository), healthCheck=CHECK) for v in ("one", "crash"))
    name = ecs.create(good, deploymentConfiguration=ABREAST)
    ecs.settled(name)
    ecs.update(name, taskDefinition=bad)
    failed = ecs.settled(name)
    assert (failed["status"], failed["deploymentCircuitBreaker"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert "Essential container in task exited" in failed["statusReason"]
    service = ecs.service(name)
    assert (service["taskDefinition"], service["runningCount"]) == (good, 1)
    assert [d["rolloutState"] for d in service["deployments"]] == ["COMPLETED", "FAILED"]


def test_f4_the_first_deployment_of_a_service_is_judged_too(registry: Registry, ecs: Ecs) -> None:
    name = ecs.create(ecs.define(registry.server("crash")), deploymentConfiguration=ABREAST)
    failed = ecs.settled(name)
    assert failed["status"] == "ROLLBACK_FAILED"
    assert "No rollback candidate" in failed["statusReason"]
    assert ecs.service(name)["deployments"][0]["rolloutState"] == "FAILED"


def test_f1_a_missing_image_is_rolled_back_to_the_former_digest(registry: Registry, ecs: Ecs) -> None:
    image = registry.server("one")
    name = ecs.create(ecs.define(image, healthCheck=CHECK), deploymentConfiguration=ABREAST)
    ecs.settled(name)
    ecs.update(name, taskDefinition=ecs.define(f"{image.partition('@')[0]}@sha256:{'0' * 64}"))
    assert "CannotPullContainerError" in ecs.settled(name)["statusReason"]
    assert [task["containers"][0]["imageDigest"] for task in ecs.tasks(name)] == [image.partition("@")[2]]


def test_a_task_that_dies_is_replaced(registry: Registry, ecs: Ecs) -> None:
    name = ecs.create(ecs.define(registry.server("one"), healthCheck=CHECK))
    ecs.settled(name)
    (task,) = ecs.tasks(name)
    ecs.client.stop_task(cluster=ecs.cluster, task=task["taskArn"])
    replaced = wait_for(lambda: ecs.tasks(name), lambda found: _running(found) and found[0] != task)
    assert replaced[0]["taskArn"] != task["taskArn"]


def test_an_ill_task_is_replaced(registry: Registry, ecs: Ecs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(containers, "QUICKEST_WHEN_HEALTHY", 0.3)
    mark = tmp_path / "well"
    mark.touch()
    check = {"command": ["CMD-SHELL", f"test -e {mark}"], "interval": 5, "retries": 2}
    name = ecs.create(ecs.define(registry.server("one"), healthCheck=check))
    ecs.settled(name)
    (ill,) = ecs.tasks(name)
    mark.unlink()
    stopped = wait_for(lambda: ecs.task(ill["taskArn"]), lambda task: task["lastStatus"] == "STOPPED")
    mark.touch()
    assert stopped["stoppedReason"] == "Task failed container health checks"
    wait_for(lambda: ecs.tasks(name), _running)


def test_f6_scaling_is_no_deployment_and_a_deployment_keeps_the_scale(registry: Registry, ecs: Ecs) -> None:
    repository = registry.repository()
    first, second = (ecs.define(registry.server(v, repository), healthCheck=CHECK) for v in ("one", "two"))
    name = ecs.create(first)
    before = ecs.settled(name)
    ecs.update(name, desiredCount=3)
    wait_for(lambda: ecs.service(name), lambda service: service["runningCount"] == 3)
    assert ecs.deployment(name)["serviceDeploymentArn"] == before["serviceDeploymentArn"]
    ecs.update(name, taskDefinition=second)
    ecs.settled(name)
    assert (ecs.service(name)["desiredCount"], len(ecs.tasks(name))) == (3, 3)


def test_f20_a_newer_deployment_takes_over_from_one_under_way(registry: Registry, ecs: Ecs) -> None:
    repository = registry.repository()
    versions = [ecs.define(registry.server(v, repository), healthCheck=CHECK) for v in ("one", "two", "three")]
    name = ecs.create(versions[0], deploymentConfiguration=ABREAST)
    ecs.settled(name)
    ecs.update(name, taskDefinition=versions[1])
    overtaken = ecs.deployment(name)["serviceDeploymentArn"]
    ecs.update(name, taskDefinition=versions[2])
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert {task["taskDefinitionArn"] for task in ecs.tasks(name)} == {versions[2]}
    described = ecs.client.describe_service_deployments(serviceDeploymentArns=[overtaken])["serviceDeployments"]
    assert described[0]["status"] == "STOPPED"


def test_a_deleted_service_ends_its_tasks(registry: Registry, ecs: Ecs) -> None:
    name = ecs.create(ecs.define(registry.server("one"), healthCheck=CHECK))
    ecs.settled(name)
    (task,) = ecs.tasks(name)
    with pytest.raises(ecs.client.exceptions.InvalidParameterException, match="scaled above 0"):
        ecs.client.delete_service(cluster=ecs.cluster, service=name)
    ecs.client.delete_service(cluster=ecs.cluster, service=name, force=True)
    wait_for(lambda: ecs.service(name), lambda service: service["status"] == "INACTIVE")
    assert ecs.task(task["taskArn"])["lastStatus"] == "STOPPED"


def test_unknown_things_are_refused_by_name(registry: Registry, ecs: Ecs) -> None:
    errors = ecs.client.exceptions
    with pytest.raises(errors.ClientException, match="nothing"):
        ecs.create("nothing")
    with pytest.raises(errors.ServiceNotFoundException):
        ecs.update("nowhere", desiredCount=1)
    with pytest.raises(errors.ClusterNotFoundException):
        ecs.client.create_service(cluster="nowhere", serviceName="service", taskDefinition="nothing")


def test_service_answers_hold_against_the_service_model(registry: Registry, ecs: Ecs) -> None:
    definition = ecs.define(registry.server("one"), healthCheck=CHECK)
    at: dict[str, Any] = {"cluster": ecs.cluster}
    request = at | {"serviceName": "contract", "taskDefinition": definition, "desiredCount": 1}
    assert contracts.call(ecs.client, "CreateService", **request)["service"]["status"] == "ACTIVE"
    ecs.settled("contract")
    contracts.call(ecs.client, "UpdateService", **at, service="contract", forceNewDeployment=True)
    listed = contracts.call(ecs.client, "ListServiceDeployments", **at, service="contract")["serviceDeployments"]
    arns = [brief["serviceDeploymentArn"] for brief in listed]
    assert len(arns) == 2
    described = contracts.call(ecs.client, "DescribeServiceDeployments", serviceDeploymentArns=[*arns, "arn:absent"])
    assert [failure["reason"] for failure in described["failures"]] == ["MISSING"]
    revision = described["serviceDeployments"][0]["targetServiceRevision"]["arn"]
    shown = contracts.call(ecs.client, "DescribeServiceRevisions", serviceRevisionArns=[revision])["serviceRevisions"]
    digest = ecs.client.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    assert shown[0]["containerImages"][0]["image"] == digest["containerDefinitions"][0]["image"]
    assert shown[0]["containerImages"][0]["imageDigest"].startswith("sha256:")
    ecs.settled("contract")
    contracts.call(ecs.client, "DescribeServices", **at, services=["contract"])
    contracts.call(ecs.client, "DeleteService", **at, service="contract", force=True)


def _healthy(ecs: Ecs, name: str) -> int:
    return sum(task["healthStatus"] == "HEALTHY" and task["lastStatus"] == "RUNNING" for task in ecs.tasks(name))


def _running(tasks: list[dict[str, Any]]) -> bool:
    return [task["lastStatus"] for task in tasks] == ["RUNNING"]

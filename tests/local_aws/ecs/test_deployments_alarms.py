"""Alarms that fail a deployment, through its bake.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

import pytest

from local_aws.server import LocalAws
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import (
    CHECK,
    LONG_BAKE,
    Balanced,
    Ecs,
    Inbox,
    Switch,
    described,
    reaches,
    released,
    update,
    wait_for,
)

ROLLING = {"strategy": "ROLLING", "minimumHealthyPercent": 100, "maximumPercent": 200}
BAKING = ROLLING | {"bakeTimeInMinutes": 30}


def test_an_alarm_during_the_bake_brings_all_traffic_back(
    aws: LocalAws, registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    name, alarm = released(registry, ecs, balanced, LONG_BAKE), Switch(aws)
    update(ecs, name, registry.server("two"), deploymentConfiguration=alarm.watched(LONG_BAKE))
    baking = reaches(ecs, name, "BAKE_TIME")
    assert baking["alarms"] == {"status": "MONITORING", "alarmNames": [alarm.name], "triggeredAlarmNames": []}
    alarm.put("ALARM")
    failed = ecs.settled(name)
    assert (failed["status"], failed["alarms"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert failed["alarms"]["triggeredAlarmNames"] == [alarm.name]
    assert alarm.name in failed["statusReason"]
    assert failed["rollback"]["serviceRevisionArn"] == failed["sourceServiceRevisions"][0]["arn"]
    assert balanced.weights(balanced.production) == {balanced.blue: 100, balanced.green: 0}
    arns = [failed["serviceDeploymentArn"]]
    contracts.call(ecs.client, "DescribeServiceDeployments", serviceDeploymentArns=arns)


def test_f13_an_alarm_that_is_red_at_the_start_silences_all_of_them(
    aws: LocalAws, registry: Registry, ecs: Ecs
) -> None:
    """ "Amazon ECS will not monitor alarms for the duration of that deployment": not one of them."""
    red, other = Switch(aws, "ALARM"), Switch(aws)
    alarms = {"alarmNames": [red.name, other.name], "enable": True, "rollback": True}
    name = _rolling(registry, ecs)
    update(
        ecs, name, registry.server("two"), deploymentConfiguration=ROLLING | {"bakeTimeInMinutes": 2, "alarms": alarms}
    )
    assert reaches(ecs, name, "BAKE_TIME")["alarms"]["status"] == "DISABLED"
    red.put("OK")
    red.put("ALARM")
    other.put("ALARM")
    over = ecs.settled(name)
    assert (over["status"], over["alarms"]["triggeredAlarmNames"]) == ("SUCCESSFUL", [])


def test_a_rolling_deployment_bakes_and_an_alarm_in_it_starts_the_former_tasks_again(
    aws: LocalAws, registry: Registry, ecs: Ecs
) -> None:
    """Section "Bake time": it starts when the source revision has no task any more."""
    alarm, name = Switch(aws), _rolling(registry, ecs)
    former = ecs.service(name)["taskDefinition"]
    update(ecs, name, registry.server("two"), deploymentConfiguration=alarm.watched(BAKING))
    reaches(ecs, name, "BAKE_TIME")
    assert former not in {task["taskDefinitionArn"] for task in ecs.tasks(name)}
    assert ecs.service(name)["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    alarm.put("ALARM")
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert [task["taskDefinitionArn"] for task in ecs.tasks(name)] == [former]
    states = [deployment["rolloutState"] for deployment in ecs.service(name)["deployments"]]
    assert states in (["COMPLETED"], ["COMPLETED", "FAILED"])


def test_without_the_rollback_option_an_alarm_fails_the_deployment_and_nothing_goes_back(
    aws: LocalAws, registry: Registry, ecs: Ecs
) -> None:
    """Then it is stopped (service-deployment.html), and a failed deployment launches no task any more."""
    alarm, name = Switch(aws), _rolling(registry, ecs)
    update(ecs, name, registry.server("two"), deploymentConfiguration=alarm.watched(BAKING, rollback=False))
    deployment = reaches(ecs, name, "BAKE_TIME")
    alarm.put("ALARM")
    failed = ecs.settled(name)
    assert (failed["status"], failed["alarms"]["status"]) == ("STOPPED", "TRIGGERED")
    assert "rollback" not in failed
    assert failed["stoppedAt"] == failed["finishedAt"]
    assert ecs.service(name)["deployments"][0]["rolloutState"] == "FAILED"
    (task,) = ecs.tasks(name)
    assert task["startedBy"] == ecs.service(name)["deployments"][0]["id"]
    assert described(ecs, deployment["serviceDeploymentArn"])["status"] == "STOPPED"


def test_a_failed_blue_green_deployment_that_stays_is_reconciled_by_the_next_one(
    aws: LocalAws, registry: Registry, ecs: Ecs, balanced: Balanced
) -> None:
    """RECONCILE_SERVICE: only with more than one active revision (API_ServiceDeployment.html)."""
    name, alarm = released(registry, ecs, balanced, LONG_BAKE), Switch(aws)
    update(ecs, name, registry.server("two"), deploymentConfiguration=alarm.watched(LONG_BAKE, rollback=False))
    reaches(ecs, name, "BAKE_TIME")
    alarm.put("ALARM")
    assert ecs.settled(name)["status"] == "STOPPED"
    assert balanced.weights(balanced.production)[balanced.green] == 100
    image = registry.server("three")
    update(ecs, name, image, deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert [task["containers"][0]["image"] for task in ecs.tasks(name)] == [image]


def test_the_default_bake_of_a_rolling_deployment_comes_from_its_alarms(
    aws: LocalAws, registry: Registry, ecs: Ecs
) -> None:
    """ "Less than 5 minutes", computed from the alarms: here as long as the longest needs, two minutes."""
    alarm, name = Switch(aws), _rolling(registry, ecs)
    update(ecs, name, registry.server("two"), deploymentConfiguration=alarm.watched(ROLLING))
    begun = reaches(ecs, name, "BAKE_TIME")
    over = ecs.settled(name)
    assert (over["status"], over["alarms"]["status"]) == ("SUCCESSFUL", "MONITORING_COMPLETE")
    assert 1.5 < (over["finishedAt"] - begun["updatedAt"]).total_seconds() < 6


def test_an_alarm_that_does_not_exist_never_fires(registry: Registry, ecs: Ecs) -> None:
    """Undocumented: a service may name an alarm that a stack makes after it, so its name alone is no error."""
    alarms = {"alarmNames": ["nobody"], "enable": True, "rollback": True}
    name = ecs.create(ecs.define(registry.server("one")), deploymentConfiguration=ROLLING | {"alarms": alarms})
    over = ecs.settled(name)
    assert (over["status"], over["alarms"]["alarmNames"]) == ("SUCCESSFUL", ["nobody"])


def test_a_rollback_tells_of_the_failure_and_of_the_way_back(aws: LocalAws, registry: Registry, ecs: Ecs) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html"""
    alarm, name = Switch(aws), _rolling(registry, ecs)
    former = ecs.service(name)["deployments"][0]["id"]
    inbox = Inbox(aws, "ECS Deployment State Change", resources=[ecs.service(name)["serviceArn"]])
    update(ecs, name, registry.server("two"), deploymentConfiguration=alarm.watched(BAKING))
    reaches(ecs, name, "BAKE_TIME")
    failed = ecs.service(name)["deployments"][0]["id"]
    alarm.put("ALARM")
    ecs.settled(name)
    told = [event["detail"] for event in inbox.events(4)]
    assert [(detail["eventName"].removeprefix("SERVICE_DEPLOYMENT_"), detail["deploymentId"]) for detail in told] == [
        ("IN_PROGRESS", failed),
        ("FAILED", failed),
        ("IN_PROGRESS", former),
        ("COMPLETED", former),
    ]
    assert [detail["eventType"] for detail in told] == ["INFO", "ERROR", "INFO", "INFO"]
    assert alarm.name in told[1]["reason"]
    assert told[2]["reason"].endswith(f"rolling back to deploymentId {former}.")


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_only_alarm_is_alarm(aws: LocalAws, registry: Registry, ecs: Ecs, state: str) -> None:
    alarm, name = Switch(aws), _rolling(registry, ecs)
    update(ecs, name, registry.server("two"), deploymentConfiguration=alarm.watched(ROLLING))
    alarm.put(state)
    wait_for(lambda: ecs.settled(name)["status"], lambda status: status == "SUCCESSFUL")


def _rolling(registry: Registry, ecs: Ecs) -> str:
    name = ecs.create(ecs.define(registry.server("one"), healthCheck=CHECK), deploymentConfiguration=ROLLING)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    return name

"""Lambda hooks: asked before users see anything, and obeyed.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.ecs.services import lifecycle_hooks
from local_aws.server import LocalAws
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import (
    BLUE_GREEN,
    SAYS,
    Balanced,
    Ecs,
    Inbox,
    Moves,
    Record,
    hooked,
    released,
    update,
    wait_for,
)

HookFactory = Callable[[str], str]
FROM_PARAMETER = 'return json.loads(boto3.client("ssm").get_parameter(Name=%r)["Parameter"]["Value"])'
IN_TURN = 'return {"hookStatus": "SUCCEEDED" if event.get("hookDetails", {}).get("n") else "IN_PROGRESS", %s}'
UNREADABLE = "due to HookStatus must not be null"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Every payload, in order."""
    seen: list[Record] = []
    invoke = lifecycle_hooks._invoke

    def recorded(function: str, event: Record) -> object:
        seen.append(event)
        return invoke(function, event)

    monkeypatch.setattr(lifecycle_hooks, "_invoke", recorded)
    return seen


def test_the_hook_is_asked_until_it_answers_and_no_user_sees_green_before(
    aws: LocalAws, registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory
) -> None:
    ssm = aws.client("ssm")
    _answer(ssm, {"hookStatus": "SUCCEEDED"})
    name = released(registry, ecs, balanced, hooked(hook(FROM_PARAMETER % "/answer")))
    before = balanced.weights(balanced.production)
    _answer(ssm, {"hookStatus": "IN_PROGRESS", "callBackDelay": 6})
    update(ecs, name, registry.server("two"))
    waiting = wait_for(lambda: ecs.deployment(name), lambda found: bool(found.get("lifecycleHookDetails")))
    assert waiting["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    assert balanced.weights(balanced.test)[balanced.green] == 100
    assert balanced.weights(balanced.production) == before
    _answer(ssm, {"hookStatus": "SUCCEEDED"})
    assert [detail["status"] for detail in ecs.settled(name)["lifecycleHookDetails"]] == ["SUCCEEDED"]
    assert balanced.weights(balanced.production)[balanced.green] == 100


@pytest.mark.parametrize(
    "case",
    [
        (SAYS % "FAILED", "returned FAILED status."),
        (SAYS % "PERHAPS", UNREADABLE),
        ("return None", UNREADABLE),
        ('raise ValueError("broken")', UNREADABLE),
    ],
)
def test_f12_any_answer_but_success_rolls_back_before_the_shift(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, case: tuple[str, str]
) -> None:
    """The words are those of troubleshooting-blue-green.html."""
    body, reason = case
    name = released(registry, ecs, balanced, BLUE_GREEN)
    blue = {task["taskArn"] for task in ecs.tasks(name)}
    update(ecs, name, registry.server("two"), deploymentConfiguration=hooked(hook(body)))
    failed = ecs.settled(name)
    assert (failed["status"], failed["lifecycleHookDetails"][0]["status"]) == ("ROLLBACK_SUCCESSFUL", "FAILED")
    start = "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed."
    assert failed["statusReason"].startswith(start)
    assert failed["statusReason"].endswith(reason)
    assert failed["rollback"]["reason"] == failed["statusReason"]
    assert failed["rollback"]["serviceRevisionArn"] == failed["sourceServiceRevisions"][0]["arn"]
    assert balanced.weights(balanced.production) == {balanced.blue: 100, balanced.green: 0}
    assert {task["taskArn"] for task in ecs.tasks(name)} == blue


def test_a_hook_whose_function_is_missing_rolls_back(registry: Registry, ecs: Ecs, balanced: Balanced) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    missing = "arn:aws:lambda:us-west-2:000000000000:function:missing"
    update(ecs, name, registry.server("two"), deploymentConfiguration=hooked(missing, "PRE_SCALE_UP"))
    assert f"ECS was unable to invoke hook target {missing} due to" in ecs.settled(name)["statusReason"]


def test_a_hook_after_the_shift_that_fails_brings_all_traffic_back(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, moves: Moves
) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    moves.clear()
    configuration = hooked(hook(SAYS % "FAILED"), "POST_PRODUCTION_TRAFFIC_SHIFT")
    update(ecs, name, registry.server("two"), deploymentConfiguration=configuration)
    assert ecs.settled(name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert [weights[balanced.blue] for rule, weights in moves if rule == balanced.production] == [0, 100]


@pytest.mark.parametrize("action", ["ROLLBACK", "CONTINUE"])
def test_a_hook_that_never_answers_times_out_into_its_action(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, action: str
) -> None:
    """lambda-lifecycle-hooks.html (timeoutConfiguration)"""
    name = released(registry, ecs, balanced, BLUE_GREEN)
    limit = {"timeoutInMinutes": 1, "action": action}
    configuration = hooked(hook(SAYS % "IN_PROGRESS"))
    configuration["lifecycleHooks"][0]["timeoutConfiguration"] = limit
    update(ecs, name, registry.server("two"), deploymentConfiguration=configuration)
    over = ecs.settled(name)
    (detail,) = over["lifecycleHookDetails"]
    assert (detail["status"], detail["timeoutAction"]) == ("TIMED_OUT", action)
    assert over["status"] == ("SUCCESSFUL" if action == "CONTINUE" else "ROLLBACK_SUCCESSFUL")
    assert over["finishedAt"] > detail["expiresAt"]


def test_a_function_that_works_for_seconds_has_not_used_up_the_minutes_of_its_hook(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory
) -> None:
    """The clock divides what is waited for, not what is worked."""
    name = released(registry, ecs, balanced, BLUE_GREEN)
    configuration = hooked(hook('import time; time.sleep(4); return {"hookStatus": "SUCCEEDED"}'))
    configuration["lifecycleHooks"][0]["timeoutConfiguration"] = {"timeoutInMinutes": 1, "action": "ROLLBACK"}
    update(ecs, name, registry.server("two"), deploymentConfiguration=configuration)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"


def test_the_payload_is_the_documented_one(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, sent: list[Record]
) -> None:
    name = released(registry, ecs, balanced, BLUE_GREEN)
    former = ecs.deployment(name)["targetServiceRevision"]["arn"]
    stages = ("PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
    update(ecs, name, registry.server("two"), deploymentConfiguration=hooked(hook(SAYS % "SUCCEEDED"), *stages))
    deployment = ecs.settled(name)
    target = deployment["targetServiceRevision"]["arn"]
    assert [event["lifecycleStage"] for event in sent] == list(stages)
    assert {event["resourceArn"] for event in sent} == {deployment["serviceDeploymentArn"]}
    assert len({event["executionId"] for event in sent}) == len(stages)
    assert sent[0]["executionDetails"] == {
        "serviceArn": deployment["serviceArn"],
        "targetServiceRevisionArn": target,
        "testTrafficWeights": {},
        "productionTrafficWeights": {},
    }
    details = [event["executionDetails"] for event in sent]
    assert [item["testTrafficWeights"] for item in details] == [{}, {target: 100, former: 0}, {}, {}]
    weights = [{}, {}, {target: 0, former: 100}, {target: 100, former: 0}]
    assert [item["productionTrafficWeights"] for item in details] == weights


def test_hook_details_are_merged_and_handed_back_to_the_same_hook(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, sent: list[Record]
) -> None:
    """From the definition at every invocation; added ones from then on, within this deployment only."""
    body = IN_TURN % '"callBackDelay": 1, "hookDetails": {"n": 1}'
    configuration = hooked(hook(body), "PRE_SCALE_UP", "POST_SCALE_UP", hookDetails={"bucket": "of-the-definition"})
    name = released(registry, ecs, balanced, BLUE_GREEN)
    ecs.update(name, deploymentConfiguration=configuration)
    given, kept = {"bucket": "of-the-definition"}, {"bucket": "of-the-definition", "n": 1}
    for version in ("two", "three"):
        sent.clear()
        update(ecs, name, registry.server(version))
        assert ecs.settled(name)["status"] == "SUCCESSFUL"
        assert [event["hookDetails"] for event in sent] == [given, kept, kept]
    arns = [ecs.deployment(name)["serviceDeploymentArn"]]
    contracts.call(ecs.client, "DescribeServiceDeployments", serviceDeploymentArns=arns)


def test_a_rollback_asks_the_traffic_hooks_again_with_the_target_at_nothing(
    registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory, sent: list[Record]
) -> None:
    """The section "Lifecycle hooks during rollback": the target stays the green one; nothing hangs on the answer."""
    name = released(registry, ecs, balanced, BLUE_GREEN)
    former = ecs.deployment(name)["targetServiceRevision"]["arn"]
    body = 'return {"hookStatus": "FAILED" if event["lifecycleStage"].startswith("POST") else "SUCCEEDED"}'
    stages = ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT")
    update(ecs, name, registry.server("two"), deploymentConfiguration=hooked(hook(body), *stages))
    failed = ecs.settled(name)
    target = failed["targetServiceRevision"]["arn"]
    assert failed["status"] == "ROLLBACK_SUCCESSFUL"
    assert [event["lifecycleStage"] for event in sent] == [*stages, "PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"]
    production, test = (event["executionDetails"] for event in sent[-2:])
    assert production["productionTrafficWeights"] == test["testTrafficWeights"] == {target: 0, former: 100}
    assert production["targetServiceRevisionArn"] == target


def test_each_change_of_a_hook_is_an_event(
    aws: LocalAws, registry: Registry, ecs: Ecs, balanced: Balanced, hook: HookFactory
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html"""
    name = released(registry, ecs, balanced, BLUE_GREEN)
    service = ecs.service(name)["serviceArn"]
    inbox = Inbox(aws, "ECS Hook State Change", detail={"serviceArn": [service]})
    update(ecs, name, registry.server("two"), deploymentConfiguration=hooked(hook(SAYS % "FAILED")))
    deployment = ecs.settled(name)
    started, failed = inbox.events(2)
    assert [event["detail"]["eventName"] for event in (started, failed)] == ["HOOK_IN_PROGRESS", "HOOK_FAILED"]
    assert started["resources"] == [deployment["serviceDeploymentArn"]]
    assert started["detail"]["hookId"] == deployment["lifecycleHookDetails"][0]["hookId"]
    assert (started["detail"]["hookType"], started["detail"]["lifecycleStage"]) == (
        "AWS_LAMBDA",
        "POST_TEST_TRAFFIC_SHIFT",
    )


def test_a_rolling_deployment_asks_before_and_after_it_scales(
    registry: Registry, ecs: Ecs, hook: HookFactory, sent: list[Record]
) -> None:
    """Which stages a rolling deployment has is not documented; these two are run, others refused."""
    name = ecs.create(ecs.define(registry.server("one")))
    ecs.settled(name)
    configuration = hooked(hook(SAYS % "SUCCEEDED"), "PRE_SCALE_UP", "POST_SCALE_UP", configuration=_rolling())
    ecs.update(name, deploymentConfiguration=configuration, forceNewDeployment=True)
    assert ecs.settled(name)["status"] == "SUCCESSFUL"
    assert [event["lifecycleStage"] for event in sent] == ["PRE_SCALE_UP", "POST_SCALE_UP"]
    with pytest.raises(ecs.client.exceptions.InvalidParameterException, match="ROLLING"):
        ecs.update(name, deploymentConfiguration=hooked(hook(SAYS % "FAILED"), configuration=_rolling()))


def _rolling() -> Record:
    return {"strategy": "ROLLING", "minimumHealthyPercent": 0, "maximumPercent": 100}


def _answer(ssm: Any, answer: Record) -> None:
    ssm.put_parameter(Name="/answer", Type="String", Value=json.dumps(answer), Overwrite=True)

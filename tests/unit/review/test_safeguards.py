"""Protections that are taken away, and what cannot be undone."""

from dataclasses import replace
from typing import Any

import pytest

from release.review.changes import Risk
from release.review.safeguards import safeguard_findings
from tests.unit.review.conftest import Reviewed
from tests.unit.review.templates import resource, updated

WEAKER = {
    "retention lowered": ["older log events are deleted: RetentionInDays 365 -> 30"],
    "retention from for ever": ["older log events are deleted: RetentionInDays unset -> 30"],
    "protection taken away": [
        "older backups are deleted: BackupRetentionPeriod 7 -> 1",
        "the database can be deleted, with its data, by one call or stack update: DeletionProtection True -> False",
    ],
    "alarm goes": ["an alarm that judges releases or wakes somebody is gone"],
}


@pytest.mark.parametrize(("case", "texts"), WEAKER.items())
def test_a_weaker_protection_needs_a_look(reviewed: Reviewed, case: str, texts: list[str]) -> None:
    found = reviewed(case)
    assert [one.text for one in found.findings if one.topic == "safeguards"] == texts
    assert found.risk is Risk.LOOK


@pytest.mark.parametrize("case", ["retention raised", "only a description"])
def test_a_stronger_one_or_another_description_is_no_risk(reviewed: Reviewed, case: str) -> None:
    found = reviewed(case)
    assert (found.risk, found.changes_something, found.obstacles) == (Risk.NONE, True, ())


def test_log_events_that_were_deleted_do_not_come_back(reviewed: Reviewed) -> None:
    (obstacle,) = reviewed("retention lowered").obstacles
    assert obstacle.text == "log events that were deleted stay deleted (RetentionInDays)"


def test_a_change_that_cannot_be_undone_needs_a_look_for_that_alone(reviewed: Reviewed) -> None:
    (finding,) = reviewed("larger disk").findings
    assert (finding.topic, finding.risk) == ("going back", Risk.LOOK)
    assert "cannot be made smaller" in finding.text


BREAKER = {"DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "ResetOnHealthyTask": False}}}
NO_BREAKER = {"DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": False, "ResetOnHealthyTask": True}}}


def _expiring(days: int) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [{"NoncurrentVersionExpiration": {"NoncurrentDays": days}}]}}


KEEP, DROP = _expiring(90), _expiring(7)
QUEUED = {"ExecutionMode": "QUEUED"}
WEIGHTS = "CloudFormation sets the traffic weights anew"
RULE = "ElasticLoadBalancingV2::ListenerRule"
BOTH_WAYS = ("other images expire", WEIGHTS)  # any change of these is dangerous
GATE = {"DeploymentConfiguration": {"LifecycleHooks": [{"HookTargetArn": "gate"}]}}


@pytest.mark.parametrize(
    ("words", "kind", "before", "after"),
    [
        ("no longer undoes a version that does not start", "ECS::Service", BREAKER, NO_BREAKER),
        ("no longer undoes a version that crashes some time later", "ECS::Service", BREAKER, NO_BREAKER),
        ("sets the number of tasks back", "ECS::Service", {}, {"DesiredCount": 0}),
        ("a tag can come to mean another image", "ECR::Repository", {"ImageTagMutability": "IMMUTABLE"}, {}),
        ("other images expire", "ECR::Repository", {"LifecyclePolicy": "a"}, {"LifecyclePolicy": "b"}),
        (
            WEIGHTS,
            RULE,
            {"Actions": [{"Weight": 100}]},
            {"Actions": [{"Weight": 0}]},
        ),
        ("a later commit may overtake", "CodePipeline::Pipeline", QUEUED, {"ExecutionMode": "SUPERSEDED"}),
        ("the database can be deleted", "RDS::DBInstance", {"DeletionProtection": True}, {}),
        ("the gate is not asked", "ECS::Service", GATE, {"DeploymentConfiguration": {}}),
        ("older objects are deleted", "S3::Bucket", KEEP, DROP),
        ("older objects are deleted", "S3::Bucket", {}, KEEP),
    ],
)
def test_f2_f3_f6_f7_f8_f15_f20_f28_what_prevents_a_known_failure_is_not_taken_away_unnoticed(
    words: str, kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert [one.text for one in safeguard_findings([updated(kind, before, after)]) if words in one.text]
    backwards = [one.text for one in safeguard_findings([updated(kind, after, before)]) if words in one.text]
    assert bool(backwards) == (words in BOTH_WAYS)


def test_f29_a_policy_that_no_longer_keeps_a_resource_needs_a_look() -> None:
    stack = updated("ECS::TaskDefinition", {}, {})
    kept = replace(stack.changes[0], old={**resource("ECS::TaskDefinition", keep="Retain")})
    texts = [one.text for one in safeguard_findings([replace(stack, changes=(kept,))])]
    assert texts == ["DeletionPolicy no longer keeps the resource", "UpdateReplacePolicy no longer keeps the resource"]

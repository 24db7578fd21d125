"""What protects less than before: safeguards that are taken away, and permissions and doors that get wider.

Those that get narrower are not shown; what cannot be undone is.
"""

from dataclasses import replace
from typing import Any

import pytest

from release.review.broadening import network_findings, permission_findings
from release.review.changes import AddedRemoved, Risk, StackChange
from release.review.safeguards import safeguard_findings
from tests.unit.review.conftest import Reviewed
from tests.unit.review.scene import resource, updated

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


WIDER = {
    "any resource": ("permissions", "any resource: AWS:Role may s3:GetObject, s3:PutObject on *"),
    "a denial goes": ("permissions", "no longer denied: AWS:Role s3:* on *"),
    "a condition goes": ("permissions", "AWS:Role may kms:Decrypt on key"),
    "managed policy attached": (
        "permissions",
        "Role gets the managed policy arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    "group opened to the world": (
        "network",
        "open to the world: Group.GroupId lets in tcp 22 from everybody (0.0.0.0/0)",
    ),
    "database gets a public address": ("network", "the database gets a public address (PubliclyAccessible)"),
}


@pytest.mark.parametrize(("case", "expected"), WIDER.items())
def test_what_gets_wider_needs_a_look(reviewed: Reviewed, case: str, expected: tuple[str, str]) -> None:
    found = reviewed(case)
    assert [(one.topic, one.text) for one in found.findings] == [expected]
    assert found.risk is Risk.LOOK


@pytest.mark.parametrize("case", ["fewer actions", "only a rule's description"])
def test_what_gets_narrower_or_only_reads_otherwise_does_not(reviewed: Reviewed, case: str) -> None:
    found = reviewed(case)
    assert found.changes_something
    assert not found.findings


def _rule(peer: dict[str, str] | None, protocol: str = "tcp", first: int | None = None, last: int | None = None) -> str:
    rule = {"groupId": "${Tasks.GroupId}", "ipProtocol": protocol, "fromPort": first, "toPort": last, "peer": peer}
    (finding,) = network_findings([StackChange("stack", {}, {}, egress=AddedRemoved(added=(rule,)))])
    return finding.text


def test_a_rule_is_told_in_words_whatever_its_ports_and_its_peer() -> None:
    anybody, group = {"kind": "cidr-ip", "ip": "::/0"}, {"kind": "security-group", "id": "${Db.GroupId}"}
    assert (
        _rule(anybody, "-1") == "open to the world: Tasks.GroupId lets out every protocol and port to everybody (::/0)"
    )
    assert _rule(group, "udp", -1, -1) == "Tasks.GroupId lets out all of udp to Db.GroupId"
    assert _rule(group, "tcp", 80, 90) == "Tasks.GroupId lets out tcp 80-90 to Db.GroupId"
    assert _rule(None, "tcp", 80, 80) == "Tasks.GroupId lets out tcp 80 to an unknown peer"


def _part(*values: str, exceptions: bool = False) -> dict[str, Any]:
    return {"not": exceptions, "values": list(values)}


def _statement(*actions: str, exceptions: bool = False, effect: str = "Allow") -> dict[str, Any]:
    who, what = _part("AWS:Role"), _part(*actions, exceptions=exceptions)
    value = {"effect": effect, "actions": what, "resources": _part("arn:aws:s3:::b/*"), "principals": who}
    return {"type": "parsed", "value": value}


OPAQUE = {"type": "unparseable", "repr": '{"Fn::If":["Given"]}'}


@pytest.mark.parametrize(
    ("added", "removed", "texts"),
    [
        (_statement("s3:GetObject"), _statement("s3:*"), []),
        (_statement("s3:GetObject"), _statement("s3:PutObject"), ["AWS:Role may s3:GetObject on arn:aws:s3:::b/*"]),
        (_statement("s3:GetObject"), OPAQUE, ["AWS:Role may s3:GetObject on arn:aws:s3:::b/*"]),
        (OPAQUE, _statement("s3:*"), ['a statement that cannot be read: {"Fn::If":["Given"]}']),
        (
            _statement("s3:GetObject", exceptions=True),
            _statement("s3:*"),
            ["every action of a service: AWS:Role may everything except s3:GetObject on arn:aws:s3:::b/*"],
        ),
        (_statement("s3:GetObject", effect="Deny"), _statement("s3:GetObject", effect="Deny"), []),
    ],
)
def test_a_statement_is_new_unless_the_one_that_it_replaces_said_as_much(
    added: dict[str, Any], removed: dict[str, Any], texts: list[str]
) -> None:
    stack = StackChange("stack", {}, {}, statements=AddedRemoved((added,), (removed,)))
    assert [one.text for one in permission_findings([stack])] == texts

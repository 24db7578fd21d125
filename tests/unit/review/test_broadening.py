"""Permissions and doors that get wider are shown; those that get narrower are not."""

from typing import Any

import pytest

from release.review.broadening import network_findings, permission_findings
from release.review.changes import AddedRemoved, Risk, StackChange
from tests.unit.review.conftest import Reviewed

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

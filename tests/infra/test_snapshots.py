"""What must not move unnoticed. A change here is looked at line by line: `pytest tests/infra --snapshot-update`."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.infra.exchange import COMPONENTS, ENVIRONMENTS, Exchange, Json, exchange, listed

STATEFUL = (
    *("ECR::Repository", "RDS::DBInstance", "ElastiCache::ReplicationGroup", "DynamoDB::Table", "MSK::Cluster"),
    *("EFS::FileSystem", "S3::Bucket", "SecretsManager::Secret", "KMS::Key"),
)
HASH = re.compile(r"[0-9A-F]{8}$")
HERE = re.compile(r"arn:aws:\w+:us-west-2:<AWS::AccountId>:")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_f28_the_ids_of_what_has_state_stay(environment: str, snapshot: SnapshotAssertion) -> None:
    """Another id is another resource: CloudFormation would make a new one, and leave the old one with its data."""
    known = exchange(environment)
    lines = [
        f"{stack}: {kind} {id_}"
        for stack in known.templates
        for kind in STATEFUL
        for id_ in known.resources(stack, kind)
    ]
    assert "\n".join(lines) == snapshot


@pytest.mark.parametrize("stack", ["release", "data", *COMPONENTS, "access"])
def test_nobody_may_do_more_than_before(stack: str, snapshot: SnapshotAssertion) -> None:
    """The roles of production: what releases, and what runs."""
    known = exchange("prod2")
    roles: dict[str, list[str]] = {HASH.sub("", id_): [] for id_ in known.resources(stack, "IAM::Role")}
    for policy in known.properties(stack, "IAM::Policy"):
        for role in policy["Roles"]:
            roles[HASH.sub("", role["Ref"])] += granted(known, stack, policy)
    for id_, role in known.resources(stack, "IAM::Role").items():
        arns = role["Properties"].get("ManagedPolicyArns", ())
        roles[HASH.sub("", id_)] += [f"everything of {text(known, stack, arn)}" for arn in arns]
    for id_, policy in known.resources(stack, "IAM::ManagedPolicy").items():
        roles[HASH.sub("", id_)] = granted(known, stack, policy["Properties"])
    assert "\n".join(f"{', '.join(names)}\n{lines}" for lines, names in alike(roles).items()) == snapshot


def test_the_chain_goes_out_in_this_order(snapshot: SnapshotAssertion) -> None:
    stages = exchange("prod2").only("pipeline", "CodePipeline::Pipeline")["Stages"]
    assert "\n".join(f"{stage['Name']}: {', '.join(sorted(actions(stage)))}" for stage in stages) == snapshot


def actions(stage: Json) -> Iterator[str]:
    return (f"{action['Name']} by {action['ActionTypeId']['Provider']}" for action in stage["Actions"])


def granted(known: Exchange, stack: str, policy: Json) -> list[str]:
    """Return a line for each resource of each statement: actions on it."""
    return [
        f"{', '.join(listed(statement['Action']))} on {short(known, stack, resource)}"
        + (" if ..." if "Condition" in statement else "")
        for statement in policy["PolicyDocument"]["Statement"]
        for resource in listed(statement["Resource"])
    ]


def alike(roles: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what is allowed -> the roles to which just this is allowed."""
    groups: dict[str, list[str]] = {}
    for role, lines in sorted(roles.items()):
        groups.setdefault("\n".join(f"  {line}" for line in sorted(lines)) or "  nothing", []).append(role)
    return groups


def short(known: Exchange, stack: str, resource: Any) -> str:
    return HERE.sub("", text(known, stack, resource))


def text(known: Exchange, stack: str, value: Any) -> str:
    """Return a value as a person would write it: a reference as what it refers to, without CDK's hashes."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return str(value["Fn::Join"][0]).join(text(known, stack, part) for part in value["Fn::Join"][1])
    if output := value.get("Fn::GetStackOutput"):
        there = output["StackName"].removeprefix(known.settings.stack_name(""))
        return f"{there}/{text(known, there, known.templates[there]['Outputs'][output['OutputName']]['Value'])}"
    if attribute := value.get("Fn::GetAtt"):
        return f"<{HASH.sub('', attribute[0])}.{attribute[1]}>"
    return f"<{HASH.sub('', value['Ref'])}>"

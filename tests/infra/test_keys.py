"""Whoever writes to something encrypted is let in on its key, in every template, however the key is referred to.

What a service of AWS encrypts as itself needs the key's own policy; what a role writes needs the role's.
- logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
- topics: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
- tables: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
- buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
- queues: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
- secrets: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
"""

import copy
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from tests.infra.exchange import ENVIRONMENTS, STACKS_OF, Json, exchange, listed, walk

everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)
Templates = Mapping[str, Json]
# Where a resource names its key.
KEY_OF: Mapping[str, tuple[str, ...]] = {
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::S3::Bucket": ("BucketEncryption",),
}
# What a role does to it -> what that asks of the key.
BOTH = ("kms:GenerateDataKey", "kms:Decrypt")
ASKED_OF_ROLES = {
    "sns:Publish": BOTH,
    "sqs:SendMessage": BOTH,
    "s3:PutObject": BOTH,
    "secretsmanager:PutSecretValue": BOTH,
    "dynamodb:PutItem": ("kms:Decrypt",),
    "dynamodb:UpdateItem": ("kms:Decrypt",),
}
LOGS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey", "kms:DescribeKey")


class Place(NamedTuple):
    """A resource: the stack's full name, and its logical id."""

    stack: str
    logical_id: str


def templates_of(environment: str) -> dict[str, Json]:
    """Return the templates by the stacks' full names."""
    known = exchange(environment)
    return {known.settings.stack_name(stack): known.templates[stack] for stack in STACKS_OF[environment]}


def referred(templates: Templates, stack: str, value: Any) -> Iterator[Place]:
    """Yield every resource that is referred to in a value, through the outputs of other stacks."""
    for part in walk(value):
        if "Ref" in part:
            yield Place(stack, part["Ref"])
        elif "Fn::GetAtt" in part:
            yield Place(stack, part["Fn::GetAtt"][0])
        elif "Fn::GetStackOutput" in part:
            output = part["Fn::GetStackOutput"]
            producer = output["StackName"]
            if producer in templates:
                yield from referred(templates, producer, templates[producer]["Outputs"][output["OutputName"]]["Value"])


def resources(templates: Templates, kind: str) -> Iterator[tuple[Place, Json]]:
    for stack, template in templates.items():
        for logical_id, resource in template.get("Resources", {}).items():
            if resource["Type"] == kind:
                yield Place(stack, logical_id), resource.get("Properties", {})


def keys(templates: Templates) -> dict[Place, Place]:
    """Return the key of each encrypted resource; one that is encrypted with a key of AWS's own has none."""
    found = {}
    for kind, path in KEY_OF.items():
        for place, properties in resources(templates, kind):
            value: Any = properties
            for name in path:
                value = (value or {}).get(name)
            for key in referred(templates, place.stack, value or {}):
                found[place] = key
    return found


def lets_in(statements: list[Json], service: str, actions: tuple[str, ...]) -> bool:
    """Say whether a key's policy lets the service do all of it."""
    named = [one for one in statements if one["Effect"] == "Allow" and service in services(one)]
    return all(any(allows(one, action) for one in named) for action in actions)


def services(statement: Json) -> list[str]:
    principal = statement.get("Principal", {})
    return listed(principal.get("Service", [])) if isinstance(principal, dict) else []


def allows(statement: Json, action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))


def shut_out(templates: Templates, region: str) -> list[str]:
    """Return who writes to something encrypted and is not let in on its key."""
    key_of = keys(templates)
    return [*_services_shut_out(templates, key_of, f"logs.{region}.amazonaws.com"), *_roles_shut_out(templates, key_of)]


def _services_shut_out(templates: Templates, key_of: Mapping[Place, Place], logs: str) -> Iterator[str]:
    writers: list[tuple[Place, str, tuple[str, ...]]] = [
        (place, logs, LOGS) for place, _ in resources(templates, "AWS::Logs::LogGroup")
    ]
    for kind, service in (("AWS::Events::Rule", "events"), ("AWS::CloudWatch::Alarm", "cloudwatch")):
        for place, properties in resources(templates, kind):
            told = [target["Arn"] for target in properties.get("Targets", [])] + properties.get("AlarmActions", [])
            writers += [
                (target, f"{service}.amazonaws.com", BOTH)
                for target in referred(templates, place.stack, told)
                if target in key_of and templates[target.stack]["Resources"][target.logical_id]["Type"] in TOLD
            ]
    for place, service, actions in writers:
        if place in key_of:
            policy = templates[key_of[place].stack]["Resources"][key_of[place].logical_id]["Properties"]["KeyPolicy"]
            if not lets_in(policy["Statement"], service, actions):
                yield f"{place.stack} {place.logical_id}: {service} may not use {key_of[place].logical_id}"


TOLD = ("AWS::SNS::Topic", "AWS::SQS::Queue")


def _roles_shut_out(templates: Templates, key_of: Mapping[Place, Place]) -> Iterator[str]:
    for role, statements in roles(templates).items():
        for stack, statement in statements:
            for action, wanted in ASKED_OF_ROLES.items():
                if statement["Effect"] != "Allow" or not allows(statement, action):
                    continue
                for target in referred(templates, stack, statement["Resource"]):
                    key = key_of.get(target)
                    if key and not all(_may_use(templates, statements, key, use) for use in wanted):
                        yield f"{role.stack} {role.logical_id}: {action} on {target.logical_id} needs {key.logical_id}"


def _may_use(templates: Templates, statements: list[tuple[str, Json]], key: Place, action: str) -> bool:
    return any(
        one["Effect"] == "Allow" and allows(one, action) and key in referred(templates, stack, one["Resource"])
        for stack, one in statements
    )


def roles(templates: Templates) -> dict[Place, list[tuple[str, Json]]]:
    """Return the statements of each role's policies, each with the stack in which it stands."""
    found: dict[Place, list[tuple[str, Json]]] = {}
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for place, properties in resources(templates, kind):
            for role in referred(templates, place.stack, properties.get("Roles", [])):
                found.setdefault(role, []).extend(
                    (place.stack, one) for one in properties["PolicyDocument"]["Statement"]
                )
    return found


@everywhere
def test_whoever_writes_is_let_in_on_the_key(environment: str) -> None:
    known = exchange(environment)
    assert shut_out(templates_of(environment), known.settings.region) == []


@everywhere
def test_the_rule_sees_every_kind_that_there_is(environment: str) -> None:
    """It follows references into other stacks, and no resource with a key of ours is overlooked."""
    templates = templates_of(environment)
    key_of = keys(templates)
    assert [place for place, key in key_of.items() if place.stack != key.stack]
    groups = {place for place, properties in resources(templates, "AWS::Logs::LogGroup") if "KmsKeyId" in properties}
    assert groups <= set(key_of)
    kinds = {templates[place.stack]["Resources"][place.logical_id]["Type"] for place in key_of}
    assert {"AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"} <= kinds


@everywhere
def test_a_key_that_lets_no_logs_in_is_found(environment: str) -> None:
    """Such was the key of the pipeline's artifacts: the stack could not have been created."""
    templates = copy.deepcopy(templates_of(environment))
    for _, properties in resources(templates, "AWS::KMS::Key"):
        policy = properties["KeyPolicy"]
        policy["Statement"] = [one for one in policy["Statement"] if not services(one)]
    found = shut_out(templates, exchange(environment).settings.region)
    assert [one for one in found if "logs." in one]
    assert [one for one in found if "events.amazonaws.com" in one]


@everywhere
def test_a_role_that_may_not_use_the_key_of_what_it_writes_is_found(environment: str) -> None:
    templates = copy.deepcopy(templates_of(environment))
    for _, properties in resources(templates, "AWS::IAM::Policy"):
        document = properties["PolicyDocument"]
        document["Statement"] = [one for one in document["Statement"] if not allows(one, "kms:Decrypt")]
    found = shut_out(templates, exchange(environment).settings.region)
    assert [one for one in found if "sns:Publish" in one]
    assert [one for one in found if "dynamodb:UpdateItem" in one]

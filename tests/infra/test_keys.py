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
    """Return the key of each resource that is encrypted with a key of these templates."""
    return {
        place: key
        for kind, path in KEY_OF.items()
        for place, properties in resources(templates, kind)
        for key in referred(templates, place.stack, named_key(properties, path))
        if kind_of(templates, key) == "AWS::KMS::Key"
    }


def named_key(properties: Json, path: tuple[str, ...]) -> Any:
    """Return what a resource names as its key, None where it names none."""
    value: Any = properties
    for name in path:
        value = (value or {}).get(name)
    return value


def lets_in(statements: list[Json], service: str, actions: tuple[str, ...], log_group: str | None = None) -> bool:
    """Say whether a key's policy lets the service do all of it; for a log group of this name, if there is one."""
    named = [one for one in statements if names(one, service) and (log_group is None or covers(one, log_group))]
    return all(_decided(named, action) for action in actions)


def _decided(statements: list[Json], action: str) -> bool:
    """Return what IAM decides: a denial counts more than any permission."""
    effects = {statement["Effect"] for statement in statements if allows(statement, action)}
    return effects == {"Allow"}


def covers(statement: Json, log_group: str) -> bool:
    """Say whether a statement's condition on the encryption context, if it has one, fits the log group's ARN."""
    patterns = [
        pattern
        for keys_ in statement.get("Condition", {}).values()
        for name, value in keys_.items()
        if name.lower() == "kms:encryptioncontext:aws:logs:arn"
        for pattern in listed(value)
    ]
    return not patterns or any(fnmatchcase(log_group, text(one).partition(":log-group:")[2]) for one in patterns)


def text(value: Any) -> str:
    """Return a string of a template; what is known only later is a star."""
    if isinstance(value, dict) and "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator.join(map(text, parts)))
    return value if isinstance(value, str) else "*"


def names(statement: Json, service: str) -> bool:
    """Say whether a statement of a key's policy is about the service; a denial for everybody is, too."""
    principal = statement.get("Principal", {})
    if isinstance(principal, dict):
        return service in listed(principal.get("Service", []))
    return bool(statement["Effect"] == "Deny")


def allows(statement: Json, action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))


def shut_out(templates: Templates, region: str) -> list[str]:
    """Return who writes to something encrypted and is not let in on its key, and keys that nobody here can judge."""
    key_of = keys(templates)
    logs = f"logs.{region}.amazonaws.com"
    return [
        *_keys_of_others(templates, key_of),
        *_logs_shut_out(templates, key_of, logs),
        *_events_shut_out(templates, key_of),
        *_roles_shut_out(templates, key_of),
    ]


def _keys_of_others(templates: Templates, key_of: Mapping[Place, Place]) -> Iterator[str]:
    for kind, path in KEY_OF.items():
        for place, properties in resources(templates, kind):
            if kind != "AWS::S3::Bucket" and named_key(properties, path) and place not in key_of:
                yield f"{place.stack} {place.logical_id}: its key is in no template, nobody knows its policy"


def _logs_shut_out(templates: Templates, key_of: Mapping[Place, Place], logs: str) -> Iterator[str]:
    for place, properties in resources(templates, "AWS::Logs::LogGroup"):
        name = text(properties.get("LogGroupName", f"{place.stack}-{place.logical_id}-generated"))
        if place in key_of and not lets_in(policy_of(templates, key_of[place]), logs, LOGS, name):
            yield f"{place.stack} {place.logical_id}: {logs} may not use {key_of[place].logical_id}"


def _events_shut_out(templates: Templates, key_of: Mapping[Place, Place]) -> Iterator[str]:
    for kind, service in (("AWS::Events::Rule", "events"), ("AWS::CloudWatch::Alarm", "cloudwatch")):
        for place, properties in resources(templates, kind):
            for target in referred(templates, place.stack, [properties.get(name) for name in DELIVERS[kind]]):
                if target not in key_of or kind_of(templates, target) not in TOLD:
                    continue
                if not lets_in(policy_of(templates, key_of[target]), f"{service}.amazonaws.com", BOTH):
                    yield f"{target.stack} {target.logical_id}: {service}.amazonaws.com may not use its key"


TOLD = ("AWS::SNS::Topic", "AWS::SQS::Queue")
# What names those to whom a service delivers by itself; a rule's dead letters are in its targets.
DELIVERS = {
    "AWS::Events::Rule": ("Targets",),
    "AWS::CloudWatch::Alarm": ("AlarmActions", "OKActions", "InsufficientDataActions"),
}


def kind_of(templates: Templates, place: Place) -> str:
    return str(templates[place.stack]["Resources"].get(place.logical_id, {}).get("Type", ""))


def policy_of(templates: Templates, key: Place) -> list[Json]:
    """Return the statements of a key's policy."""
    statements: list[Json] = templates[key.stack]["Resources"][key.logical_id]["Properties"]["KeyPolicy"]["Statement"]
    return statements


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


def names_a_service(statement: Json) -> bool:
    return isinstance(statement.get("Principal"), dict) and "Service" in statement["Principal"]


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
        policy["Statement"] = [one for one in policy["Statement"] if not names_a_service(one)]
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


LOGS_SERVICE, KEY, GROUP = "logs.us-west-2.amazonaws.com", "AWS::KMS::Key", "AWS::Logs::LogGroup"
LET_IN = {"Effect": "Allow", "Principal": {"Service": LOGS_SERVICE}, "Action": "kms:*", "Resource": "*"}
OF_OTHERS = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-west-2:111122223333:log-group:other-*"}}


def one_stack(statements: list[Json], group: Json) -> dict[str, Json]:
    key = {"Type": KEY, "Properties": {"KeyPolicy": {"Statement": statements}}}
    return {"stack": {"Resources": {"Key": key, "Logs": {"Type": GROUP, "Properties": group}}}}


@pytest.mark.parametrize(
    ("statements", "group", "found"),
    [
        ([LET_IN], {"KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}, 0),
        ([LET_IN], {"KmsKeyId": {"Ref": "Key"}}, 0),
        ([LET_IN | {"Condition": OF_OTHERS}], {"KmsKeyId": {"Ref": "Key"}, "LogGroupName": "other-one"}, 0),
        ([LET_IN | {"Condition": OF_OTHERS}], {"KmsKeyId": {"Ref": "Key"}}, 1),
        ([LET_IN, LET_IN | {"Effect": "Deny"}], {"KmsKeyId": {"Ref": "Key"}}, 1),
        ([LET_IN, {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt"}], {"KmsKeyId": {"Ref": "Key"}}, 1),
        ([LET_IN | {"Action": "kms:Decrypt"}], {"KmsKeyId": {"Ref": "Key"}}, 1),
        ([LET_IN], {"KmsKeyId": "arn:aws:kms:us-west-2:111122223333:key/elsewhere"}, 1),
    ],
    ids=["attribute", "id", "fits", "fits another", "denied", "denied to all", "reads only", "of somebody else"],
)
def test_the_rule_reads_policies_as_iam_does(statements: list[Json], group: Json, found: int) -> None:
    assert len(shut_out(one_stack(statements, group), "us-west-2")) == found

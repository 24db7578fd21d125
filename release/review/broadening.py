"""Finds what gets broader: what can be reached, and what somebody may do, afterwards but not now.

Security group rules: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html (0.0.0.0/0 and ::/0
are every address). Policy statements, which the diff library takes out of every kind of policy:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from release.review.changes import Change, Finding, Json, Risk, StackChange, all_changes, property_at, readable

NETWORK, PERMISSIONS = "network", "permissions"
_WORLD = ("0.0.0.0/0", "::/0")
_NOBODY = "255.255.255.255/32"  # how CDK writes that nothing may leave

# type, property, the values that open it, what they open; None where leaving the property out opens it, too, as of
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-loadbalancer.html
_PUBLIC = ("AWS::S3::Bucket", "PublicAccessBlockConfiguration")
_OPENINGS: tuple[tuple[str, str, tuple[Any, ...], str], ...] = (
    ("AWS::RDS::DBInstance", "PubliclyAccessible", (True,), "the database gets a public address"),
    ("AWS::EC2::Subnet", "MapPublicIpOnLaunch", (True,), "what starts in the subnet gets a public address"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme", ("internet-facing", None), "it faces the internet"),
    ("AWS::MSK::Cluster", "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type", ("SERVICE_PROVIDED_EIPS",),
     "the brokers get public addresses"),
    ("AWS::ECS::Service", "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", ("ENABLED",),
     "the tasks get public addresses"),
    (_PUBLIC[0], f"{_PUBLIC[1]}.BlockPublicPolicy", (False, None), "a policy may make the bucket public"),
    (_PUBLIC[0], f"{_PUBLIC[1]}.RestrictPublicBuckets", (False, None), "a policy that makes it public takes effect"),
)  # fmt: skip


def network_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """Find added security group rules, those open to the world first, then properties that open a resource."""
    for stack in stacks:
        rules = [*_rules(stack.ingress.added, "from"), *_rules(stack.egress.added, "to")]
        for world, text in sorted(rules, key=lambda rule: not rule[0]):
            yield Finding(Risk.LOOK, NETWORK, stack.name, f"open to the world: {text}" if world else text)
    yield from (
        Finding(Risk.LOOK, NETWORK, change.path, f"{effect} ({name})")
        for change in all_changes(stacks)
        for kind, name, opening, effect in _OPENINGS
        if change.kind == kind and _opens(change, name, opening)
    )


def _rules(rules: Sequence[Json], direction: str) -> Iterator[tuple[bool, str]]:
    for rule in rules:
        if (rule.get("peer") or {}).get("ip") == _NOBODY:
            continue
        peer = next((str(value) for key, value in (rule.get("peer") or {}).items() if key != "kind"), "an unknown peer")
        whole = f"everybody ({peer})" if peer in _WORLD else readable(peer)
        verb = "lets in" if direction == "from" else "lets out"
        yield peer in _WORLD, f"{readable(rule['groupId'])} {verb} {_ports(rule)} {direction} {whole}"


def _ports(rule: Json) -> str:
    protocol, first, last = rule["ipProtocol"], rule.get("fromPort"), rule.get("toPort")
    if protocol == "-1":
        return "every protocol and port"
    if first is None or first == -1:
        return f"all of {protocol}"
    return f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"


def _opens(change: Change, name: str, opening: tuple[Any, ...]) -> bool:
    """Tell whether the change opens the resource; a new resource counts only if its template names the property."""
    if change.new is None:
        return False
    before, after = property_at(change.old, name), property_at(change.new, name)
    if change.old is None:
        return after is not None and after in opening
    return after in opening and before not in opening


def permission_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """Find each statement or attachment that lets somebody do more."""
    for stack in stacks:
        removed = [_parsed(entry) for entry in stack.statements.removed]
        added = [_parsed(entry) for entry in stack.statements.added]
        granted = (new for new in added if not _denies(new) and not _covered(new, removed))
        allowed = (old for old in removed if _denies(old) and not _covered(old, added))
        yield from (_granted(stack.name, statement) for statement in granted)
        yield from (_no_longer_denied(stack.name, statement) for statement in allowed)
        attached = (_parsed(entry) for entry in stack.attachments.added)
        yield from (Finding(Risk.LOOK, PERMISSIONS, stack.name, _attached(entry)) for entry in attached)


def _parsed(entry: Json) -> Json:
    """Return the parsed statement; one that an intrinsic function makes as a whole comes as text, under `opaque`."""
    return entry["value"] if entry["type"] == "parsed" else {"opaque": entry["repr"]}


def _denies(statement: Json) -> bool:
    return bool(statement.get("effect") == "Deny")


def _covered(statement: Json, others: Sequence[Json]) -> bool:
    """Tell whether a statement of the other side says as much, so that this one narrows or only moves words about."""
    if "opaque" in statement:
        return False
    return any(_says_as_much(other, statement) for other in others if "opaque" not in other)


def _says_as_much(broad: Json, narrow: Json) -> bool:
    if any(broad.get(same) != narrow.get(same) for same in ("effect", "condition")):
        return False
    return all(_includes(broad[part], narrow[part]) for part in ("actions", "resources", "principals"))


def _includes(broad: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Compare patterns one by one, but exceptions (NotAction, NotResource) as a whole."""
    if broad["not"] or narrow["not"]:
        return bool(broad == narrow)
    patterns = [pattern.replace("[", "[[]") for pattern in broad["values"]]  # IAM knows * and ?, and nothing else
    return all(any(fnmatchcase(value, pattern) for pattern in patterns) for value in narrow["values"])


def _granted(stack: str, statement: Json) -> Finding:
    if "opaque" in statement:
        return Finding(Risk.LOOK, PERMISSIONS, stack, f"a statement that cannot be read: {statement['opaque']}")
    who, actions, resources = (_words(statement[part]) for part in ("principals", "actions", "resources"))
    wild = [words for part, words, pattern in _WILD if _is_wild(statement[part], pattern)]
    text = f"{who or 'whoever holds the policy'} may {actions} on {resources or 'the resource of the policy'}"
    text += " under a condition" if statement.get("condition") else ""
    return Finding(Risk.LOOK, PERMISSIONS, stack, f"{', '.join(wild)}: {text}" if wild else text)


def _no_longer_denied(stack: str, statement: Json) -> Finding:
    who, actions, resources = (_words(statement[part]) for part in ("principals", "actions", "resources"))
    text = f"no longer denied: {who or 'everybody'} {actions} on {resources}"
    return Finding(Risk.LOOK, PERMISSIONS, stack, text)


_WILD = (
    ("principals", "anybody", re.compile(r"(\w+:)?\*")),
    ("actions", "every action of a service", re.compile(r"([\w-]+:)?\*")),
    ("resources", "any resource", re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*")),
)


def _is_wild(part: Mapping[str, Any], pattern: re.Pattern[str]) -> bool:
    """Tell whether a part of a statement means all there are, or all except some."""
    return bool(part["not"]) or any(pattern.fullmatch(value) for value in part["values"])


def _words(part: Mapping[str, Any]) -> str:
    words = readable(", ".join(part["values"]))
    return f"everything except {words}" if part["not"] else words


def _attached(attachment: Json) -> str:
    if "opaque" in attachment:
        return f"a managed policy is attached: {attachment['opaque']}"
    return readable(f"{attachment['identityArn']} gets the managed policy {attachment['managedPolicyArn']}")

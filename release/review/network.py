"""What can be reached afterwards and cannot be reached now: security group rules, and properties that open a door.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html; 0.0.0.0/0 and ::/0 are every address.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from release.review.changes import Change, Json, StackChange, at, every, readable
from release.review.findings import Finding, Risk

TOPIC = "network"
_WORLD = ("0.0.0.0/0", "::/0")
_NOBODY = "255.255.255.255/32"  # how CDK writes that nothing may leave

# kind, property, the values that open the door, what they open; None where leaving it unsaid opens, too, as of
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-loadbalancer.html
_PUBLIC = ("AWS::S3::Bucket", "PublicAccessBlockConfiguration")
_DOORS: tuple[tuple[str, str, tuple[Any, ...], str], ...] = (
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
    """Rules that were added, those open to the world first; then doors."""
    for stack in stacks:
        rules = [*_rules(stack.ingress.added, "from"), *_rules(stack.egress.added, "to")]
        for world, text in sorted(rules, key=lambda rule: not rule[0]):
            yield Finding(Risk.LOOK, TOPIC, stack.name, f"open to the world: {text}" if world else text)
    yield from (
        Finding(Risk.LOOK, TOPIC, change.path, f"{what} ({name})")
        for change in every(stacks)
        for kind, name, opening, what in _DOORS
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
    """A new resource opens a door only by saying so."""
    if change.new is None:
        return False
    before, after = at(change.old, name), at(change.new, name)
    if change.old is None:
        return after is not None and after in opening
    return after in opening and before not in opening

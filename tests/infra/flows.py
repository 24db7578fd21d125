"""Who may talk to whom, read from the security groups of all stacks of an environment, in the words of people."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.infra.exchange import COMPONENTS, Exchange, Json, listed

Group = tuple[str, str]  # stack, logical id
ANYONE = "anyone"
_USERS = {  # resource -> where it names its groups
    "RDS::DBInstance": ("database", ("VPCSecurityGroups",)),
    "ElastiCache::ReplicationGroup": ("cache", ("SecurityGroupIds",)),
    "MSK::Cluster": ("kafka", ("BrokerNodeGroupInfo", "SecurityGroups")),
    "EFS::MountTarget": ("files", ("SecurityGroups",)),
    "ElasticLoadBalancingV2::LoadBalancer": ("load balancer", ("SecurityGroups",)),
    "Lambda::Function": ("gate", ("VpcConfig", "SecurityGroupIds")),
    "ECS::Service": ("", ("NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups")),
}


class Flow(NamedTuple):
    source: str
    target: str
    port: int


def flows_in(known: Exchange) -> set[Flow]:
    """What is let in."""
    return set(_flows(known, "Ingress", "SourceSecurityGroupId", inward=True))


def flows_out(known: Exchange) -> set[Flow]:
    """What is let out."""
    return set(_flows(known, "Egress", "DestinationSecurityGroupId", inward=False))


def groups(known: Exchange) -> dict[Group, Json]:
    """Every security group there is."""
    return {
        (stack, id_): one["Properties"]
        for stack in known.templates
        for id_, one in known.resources(stack, "EC2::SecurityGroup").items()
    }


def owners(known: Exchange) -> dict[Group, str]:
    """Who wears a group: a service by its name, everything else by what it is."""
    return {
        group: name or str(one["ServiceName"])
        for stack in known.templates
        for kind, (name, path) in _USERS.items()
        for one in known.properties(stack, kind)
        for group in _worn(known, stack, one, path)
    }


def _worn(known: Exchange, stack: str, user: Json, path: tuple[str, ...]) -> Iterator[Group]:
    found: Any = user
    for step in path:
        found = found.get(step, {})
    return (_group(known, stack, one) for one in found or ())


def _flows(known: Exchange, way: str, peer: str, *, inward: bool) -> Iterator[Flow]:
    names = owners(known)
    for own, other, port in _rules(known, way, peer):
        mine, theirs = names[own], names[other] if other else ANYONE
        yield Flow(theirs, mine, port) if inward else Flow(mine, theirs, port)


def _rules(known: Exchange, way: str, peer: str) -> Iterator[tuple[Group, Group | None, int]]:
    """Whose rule, with whom (None: with any address), on which port."""
    for group, properties in groups(known).items():
        for rule in properties.get(f"SecurityGroup{way}", ()):
            if rule["IpProtocol"] != "icmp":  # CDK's way to write "nothing"
                yield group, None, int(rule.get("FromPort", 0))
    for stack in (*COMPONENTS, "data"):
        for rule in known.properties(stack, f"EC2::SecurityGroup{way}"):
            other = _group(known, stack, rule[peer]) if peer in rule else None
            yield _group(known, stack, rule["GroupId"]), other, int(rule["FromPort"])


def _group(known: Exchange, stack: str, value: Json) -> Group:
    """The group that a reference means, in whichever stack it is."""
    if output := value.get("Fn::GetStackOutput"):
        there = output["StackName"].removeprefix(known.settings.stack_name(""))
        return _group(known, there, known.templates[there]["Outputs"][output["OutputName"]]["Value"])
    (id_, _) = listed(value["Fn::GetAtt"])
    return stack, id_

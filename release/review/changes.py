"""Holds what changes between two syntheses, and what a reviewer has to know of it, as data.

Everything else in this package computes these values or is a function of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

Json = Mapping[str, Any]
EMPTY: Json = {"Resources": {}}
_OTHER_STACKS = re.compile(
    r'\{"Fn::GetStackOutput":\{"StackName":"([^"]+)"[^{}]*"OutputName":"(?:PublishOutput(?:FnGetAtt|Ref))?([^"]+)"\}\}'
)


class DiffError(Exception):
    """Says why the comparison could not be made, and what to do."""


class Risk(IntEnum):
    """Ranks how bad a finding is; also the exit code of `diff`. 1 is left for a comparison that could not be made."""

    NONE = 0
    LOOK = 2
    BLOCKED = 3


@dataclass(frozen=True)
class Finding:
    """Says what a reviewer has to know.

    `subject` is the path of the resource; `acknowledge` is the line that would let a blocked change pass.
    """

    risk: Risk
    topic: str
    subject: str
    text: str
    acknowledge: str | None = None


class Impact(StrEnum):
    """Says what happens to the physical resource, in the words of the CDK's diff library."""

    CREATE = "WILL_CREATE"
    UPDATE = "WILL_UPDATE"
    MAY_REPLACE = "MAY_REPLACE"
    REPLACE = "WILL_REPLACE"
    DESTROY = "WILL_DESTROY"
    ORPHAN = "WILL_ORPHAN"
    IMPORT = "WILL_IMPORT"
    NONE = "NO_CHANGE"


GONE = (Impact.DESTROY, Impact.ORPHAN)
REPLACED = (Impact.REPLACE, Impact.MAY_REPLACE)


@dataclass(frozen=True)
class PropertyChange:
    """Says how one property changes.

    `name` is a path where only a part of the property decides: `BrokerNodeGroupInfo.ClientSubnets`.
    """

    name: str
    impact: Impact
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Change:
    """Says how one resource changes.

    `kind` is its type, `old` and `new` are what the templates say of it, `named` is the property that fixes its name.
    `others` names changed attributes that are no properties, such as DependsOn.
    """

    stack: str
    logical_id: str
    kind: str
    impact: Impact
    stateful: bool
    properties: tuple[PropertyChange, ...]
    others: tuple[str, ...]
    old: Json | None
    new: Json | None
    named: str | None = None

    @property
    def path(self) -> str:
        """Return the path that people know, such as `exchange-staging-data/Database/Instance`."""
        return path_of(self.stack, self.logical_id, self.new or self.old or {})

    def value(self, name: str) -> tuple[Any, Any]:
        """Return a property before and after the change; None where a template leaves it out."""
        old, new = (side.get("Properties", {}) if side else {} for side in (self.old, self.new))
        return old.get(name), new.get(name)


@dataclass(frozen=True)
class AddedRemoved:
    """Holds what the diff library found added to and removed from policies or security groups."""

    added: tuple[Json, ...] = ()
    removed: tuple[Json, ...] = ()


@dataclass(frozen=True)
class StackChange:
    """Says how one stack changes. `old` is None for a stack that is new, `new` for a stack that goes."""

    name: str
    old: Json | None
    new: Json | None
    changes: tuple[Change, ...] = ()
    statements: AddedRemoved = field(default_factory=AddedRemoved)
    attachments: AddedRemoved = field(default_factory=AddedRemoved)
    ingress: AddedRemoved = field(default_factory=AddedRemoved)
    egress: AddedRemoved = field(default_factory=AddedRemoved)

    @property
    def before(self) -> Json:
        return self.old or EMPTY

    @property
    def after(self) -> Json:
        return self.new or EMPTY


def worst(findings: Iterable[Finding]) -> Risk:
    """Return the highest risk; no finding is no risk."""
    return max((finding.risk for finding in findings), default=Risk.NONE)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort the worst first; findings of the same risk keep their order."""
    return tuple(sorted(findings, key=lambda finding: -finding.risk))


def all_changes(stacks: Sequence[StackChange]) -> Iterator[Change]:
    """Iterate over the changes of all stacks, in the order of the stacks."""
    return (change for stack in stacks for change in stack.changes)


def path_of(stack: str, logical_id: str, resource: Json) -> str:
    """Return the construct path of a resource, or its logical id where CDK has noted no path.

    CDK ends the path of the one resource that a construct stands for with the word Resource, which is left out.
    """
    path = str(resource.get("Metadata", {}).get("aws:cdk:path") or f"{stack}/{logical_id}")
    return path.removesuffix("/Resource")


def property_at(resource: Json | None, path: str) -> Any:
    """Return the value of a property, or of a part of it, by its dotted path; None where a template leaves it out."""
    value: Any = (resource or {}).get("Properties", {})
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def readable(text: str) -> str:
    """Strip the signs in which the diff library writes references: `${WebRole.Arn}` becomes `WebRole.Arn`."""
    shorter = _OTHER_STACKS.sub(r"\1/\2", text).replace("${AWS::Partition}", "aws")
    return re.sub(r"\$\{([^{}]*)\}", r"\1", shorter)


def listed(value: Any) -> list[Any]:
    """Return a list in any case: CloudFormation writes a list of one item without its brackets."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]

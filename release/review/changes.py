"""What changes between two syntheses, as data: everything else in this package is a function of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Mapping[str, Any]
EMPTY: Json = {"Resources": {}}
_OTHER_STACKS = re.compile(
    r'\{"Fn::GetStackOutput":\{"StackName":"([^"]+)"[^{}]*"OutputName":"(?:PublishOutput(?:FnGetAtt|Ref))?([^"]+)"\}\}'
)


class Impact(StrEnum):
    """What happens to the physical resource, in the words of the CDK's diff engine."""

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
    """`name` is a path where only a part of the property decides: `BrokerNodeGroupInfo.ClientSubnets`."""

    name: str
    impact: Impact
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Change:
    """One resource. `old` and `new` are what the templates say of it; `named` is the property that fixes its name."""

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
        """As people know it: `exchange-staging-data/Database/Instance`; by its logical id where CDK says no path."""
        return path_of(self.stack, self.logical_id, self.new or self.old or {})

    def value(self, name: str) -> tuple[Any, Any]:
        """A property before and after; None where it is not said."""
        old, new = (side.get("Properties", {}) if side else {} for side in (self.old, self.new))
        return old.get(name), new.get(name)


@dataclass(frozen=True)
class Sides:
    """Additions and removals, of what the engine takes out of policies and security groups."""

    added: tuple[Json, ...] = ()
    removed: tuple[Json, ...] = ()


@dataclass(frozen=True)
class StackChange:
    """One stack. `old` is None for one that is new, `new` for one that goes."""

    name: str
    old: Json | None
    new: Json | None
    changes: tuple[Change, ...] = ()
    statements: Sides = field(default_factory=Sides)
    attachments: Sides = field(default_factory=Sides)
    ingress: Sides = field(default_factory=Sides)
    egress: Sides = field(default_factory=Sides)

    @property
    def before(self) -> Json:
        return self.old or EMPTY

    @property
    def after(self) -> Json:
        return self.new or EMPTY


def every(stacks: Sequence[StackChange]) -> Iterator[Change]:
    """The changes of all the stacks, in the order of the stacks."""
    return (change for stack in stacks for change in stack.changes)


def path_of(stack: str, logical_id: str, resource: Json) -> str:
    """CDK ends the path of the one resource that a construct stands for with a word that says nothing."""
    path = str(resource.get("Metadata", {}).get("aws:cdk:path") or f"{stack}/{logical_id}")
    return path.removesuffix("/Resource")


def at(resource: Json | None, path: str) -> Any:
    """The value of a property, or of a part of one; None where it is not said."""
    value: Any = (resource or {}).get("Properties", {})
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def readable(text: str) -> str:
    """Without the signs in which the engine writes references: `${WebRole.Arn}` is `WebRole.Arn`."""
    shorter = _OTHER_STACKS.sub(r"\1/\2", text).replace("${AWS::Partition}", "aws")
    return re.sub(r"\$\{([^{}]*)\}", r"\1", shorter)


def listed(value: Any) -> list[Any]:
    """CloudFormation writes a list of one without its brackets."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]

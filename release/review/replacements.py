"""Finds resources that are replaced or go, what becomes of their data, and what no former template brings back.

CloudFormation's resource schemas, which the diff library reads, say what a changed property does; what becomes of the
old resource: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
and https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html

The author of a pull request lets data go with a line of its description: ``replaces: exchange-staging-data/Database/
Instance`` or ``deletes: …``, each on a line of its own, with the whole path of the resource, or the name of a stack
that goes. The verb must be the right one: who expects a replacement has not agreed to a deletion.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from release.review.changes import (
    GONE,
    REPLACED,
    Change,
    DiffError,
    Finding,
    Impact,
    PropertyChange,
    Risk,
    StackChange,
    all_changes,
)

DATA = "data"

_LINE = re.compile(r"^\s*(?:[-*]\s+)?`?(replaces|deletes):\s*`?([^`]+?)`?\s*$", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)  # what the reviewer cannot see acknowledges nothing

# CloudFormation's pages say "some interruptions" of these properties; the schema has no word for that and lists them as
# replacing under conditions. RDS modifies them in place:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html#USER_ModifyInstance.Settings
_MODIFIED_IN_PLACE = {
    "AWS::RDS::DBInstance": frozenset(
        {
            "AutoMinorVersionUpgrade",
            "BackupRetentionPeriod",
            "DBParameterGroupName",
            "MultiAZ",
            "PreferredMaintenanceWindow",
            "StorageType",
        }
    )
}

# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html and, of brokers, which restart
# one after the other, https://docs.aws.amazon.com/msk/latest/developerguide/msk-update-broker-type.html
_INTERRUPTING = {
    "AWS::RDS::DBInstance": frozenset({"DBInstanceClass", "EngineVersion", "AllowMajorVersionUpgrade"}),
    "AWS::ElastiCache::ReplicationGroup": frozenset({"CacheNodeType", "EngineVersion", "CacheParameterGroupName"}),
    "AWS::MSK::Cluster": frozenset({"BrokerNodeGroupInfo", "KafkaVersion", "ConfigurationInfo"}),
}

# The schemas' list of what holds state leaves these out. Images that a rollback needs are state, too.
_ALSO_STATEFUL = frozenset({"AWS::ECR::Repository", "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"})

# A change of these makes a new revision or version beside the old one: being replaced is how they are updated.
_REVISIONS = frozenset({"AWS::ECS::TaskDefinition", "AWS::Lambda::Version", "AWS::Lambda::LayerVersion"})


@dataclass(frozen=True)
class Acknowledgements:
    """Holds the verb and the path of each line that lets data go."""

    lines: frozenset[tuple[str, str]] = frozenset()

    def covers(self, verb: str, *paths: str) -> bool:
        """Tell whether a line names any of the paths: that of a resource, or of the stack that goes with all in it."""
        return any((verb, path) in self.lines for path in paths)


def read_acknowledgements(description: str) -> Acknowledgements:
    """Read a pull request's description; lines that quote (``> replaces: …``) or are in a comment do not count."""
    visible = _HIDDEN.sub("", description)
    matches = (_LINE.match(line) for line in visible.splitlines())
    return Acknowledgements(frozenset((match[1].lower(), match[2]) for match in matches if match))


def acknowledgements_in(file: Path | None, option: str) -> Acknowledgements:
    """Read the file that a command line option names; None acknowledges nothing."""
    if file is None:
        return Acknowledgements()
    try:
        return read_acknowledgements(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DiffError(f"{option} {file} cannot be read: {error}") from error


def without_needless_doubt(change: Change) -> Change:
    """Return the change as an update where only the schema doubts it and the service's own pages do not."""
    if change.impact is not Impact.MAY_REPLACE:
        return change
    properties = tuple(_without_doubt(change.kind, each) for each in change.properties)
    doubtful = any(each.impact is Impact.MAY_REPLACE for each in properties)
    return replace(change, properties=properties, impact=Impact.MAY_REPLACE if doubtful else Impact.UPDATE)


def _without_doubt(kind: str, changed: PropertyChange) -> PropertyChange:
    in_place = changed.name in _MODIFIED_IN_PLACE.get(kind, frozenset())
    return replace(changed, impact=Impact.UPDATE) if in_place and changed.impact is Impact.MAY_REPLACE else changed


def loses_data(change: Change) -> bool:
    """Tell whether what was in the resource is not in what is there afterwards: replaced, perhaps replaced, or gone."""
    if not (change.stateful or change.kind in _ALSO_STATEFUL):
        return False
    return change.impact in (*GONE, *REPLACED) or "Condition" in change.others


def replacement_findings(stacks: Sequence[StackChange], acknowledged: Acknowledgements) -> Iterator[Finding]:
    """Find each resource that goes or is replaced, unless its replacement is no more than a new revision."""
    for change in all_changes(stacks):
        if loses_data(change):
            yield _data_finding(change, stacks, acknowledged)
        elif change.impact in REPLACED and change.kind not in _REVISIONS:
            yield Finding(Risk.LOOK, "replacement", change.path, _replaced(change) + _name_taken(change))
        elif names := _interrupting(change):
            text = f"{', '.join(names)} changes in place, perhaps with an interruption"
            yield Finding(Risk.LOOK, "interruption", change.path, text)


def _interrupting(change: Change) -> list[str]:
    """Name the properties whose change may cost a moment's availability."""
    none: frozenset[str] = frozenset()
    names = _MODIFIED_IN_PLACE.get(change.kind, none) | _INTERRUPTING.get(change.kind, none)
    return [each.name for each in change.properties if each.name in names and change.impact is Impact.UPDATE]


def _data_finding(change: Change, stacks: Sequence[StackChange], acknowledged: Acknowledgements) -> Finding:
    verb = "replaces" if change.impact in REPLACED else "deletes"
    fate = _fate(change, verb)
    text = (_replaced(change) if verb == "replaces" else _removed(change, stacks)) + fate + _name_taken(change)
    if acknowledged.covers(verb, change.path, change.stack):
        return Finding(Risk.LOOK, DATA, change.path, f"{text}; acknowledged in the description")
    return Finding(Risk.BLOCKED, DATA, change.path, text, acknowledge=f"{verb}: {change.path}")


def _replaced(change: Change) -> str:
    causes = [each.name for each in change.properties if each.impact is change.impact]
    will = "is replaced" if change.impact is Impact.REPLACE else "may be replaced"
    return f"{change.kind} {will}: {', '.join(causes) or 'its type'} cannot be changed in place"


def _removed(change: Change, stacks: Sequence[StackChange]) -> str:
    if change.impact not in GONE:
        return f"{change.kind} gets another Condition, and goes where that is false"
    if any(stack.new is None for stack in stacks if stack.name == change.stack):
        return f"{change.kind} goes with its stack"
    created = [each for each in all_changes(stacks) if each.impact is Impact.CREATE and each.kind == change.kind]
    if len(created) == 1:
        return f"{change.kind} is removed and {created[0].path} is created: a new, empty one, not a new name"
    return f"{change.kind} is removed"


def _fate(change: Change, verb: str) -> str:
    """Say what becomes of the old resource's data, by its policy."""
    attribute = "UpdateReplacePolicy" if verb == "replaces" else "DeletionPolicy"
    policy = (change.old or {}).get(attribute)
    if policy in ("Retain", "RetainExceptOnCreate"):
        return f"; the old one and its data stay in the account ({attribute} {policy}), but nothing here uses them"
    if policy == "Snapshot":
        return f"; a snapshot of the old one is taken ({attribute} Snapshot), which must be restored by hand"
    return f"; the old one is deleted with its data (no {attribute} keeps it)"


def _name_taken(change: Change) -> str:
    """Say that the update fails where old and new have one fixed name: the new one is created beside the old one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    if change.impact is not Impact.REPLACE or not change.named:
        return ""
    old, new = change.value(change.named)
    return f"; the update fails: {change.named} {new!r} is taken by the old one" if old == new else ""

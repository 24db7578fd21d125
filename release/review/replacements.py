"""Resources that are replaced or go, and what becomes of the data in those that hold any (F28).

CloudFormation's resource schemas, which the engine reads, say what a changed property does; what becomes of the
old one: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html
"""

from collections.abc import Iterator, Sequence

from release.review.acknowledgements import Acknowledged
from release.review.changes import GONE, REPLACED, Change, Impact, StackChange, every
from release.review.findings import Finding, Risk
from release.review.in_place import interrupting

TOPIC = "data"

# The schemas' list of what holds state leaves these out. Images that a rollback needs are state, too (F8).
_ALSO_STATEFUL = frozenset({"AWS::ECR::Repository", "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"})

# A change of these makes a new revision or version beside the old one: being replaced is how they are updated.
_REVISIONS = frozenset({"AWS::ECS::TaskDefinition", "AWS::Lambda::Version", "AWS::Lambda::LayerVersion"})


def stateful(change: Change) -> bool:
    """Whether data is lost with it."""
    return change.stateful or change.kind in _ALSO_STATEFUL


def loses_data(change: Change) -> bool:
    """Replaced, perhaps replaced, or gone: what was in it is not in what is there afterwards."""
    if not stateful(change):
        return False
    return change.impact in (*GONE, *REPLACED) or "Condition" in change.others


def replacement_findings(stacks: Sequence[StackChange], acknowledged: Acknowledged) -> Iterator[Finding]:
    """One for each resource that goes or is replaced, unless a replacement is no more than a new revision."""
    for change in every(stacks):
        if loses_data(change):
            yield _of_data(change, stacks, acknowledged)
        elif change.impact in REPLACED and change.kind not in _REVISIONS:
            yield Finding(Risk.LOOK, "replacement", change.path, _replaced(change) + _name_taken(change))
        elif names := interrupting(change):
            text = f"{', '.join(names)} changes in place, perhaps with an interruption"
            yield Finding(Risk.LOOK, "interruption", change.path, text)


def _of_data(change: Change, stacks: Sequence[StackChange], acknowledged: Acknowledged) -> Finding:
    verb = "replaces" if change.impact in REPLACED else "deletes"
    fate = _fate(change, verb)
    text = (_replaced(change) if verb == "replaces" else _removed(change, stacks)) + fate + _name_taken(change)
    if acknowledged.covers(verb, change.path, change.stack):
        return Finding(Risk.LOOK, TOPIC, change.path, f"{text}; acknowledged in the description")
    return Finding(Risk.BLOCKED, TOPIC, change.path, text, acknowledge=f"{verb}: {change.path}")


def _replaced(change: Change) -> str:
    causes = [one.name for one in change.properties if one.impact is change.impact]
    will = "is replaced" if change.impact is Impact.REPLACE else "may be replaced"
    return f"{change.kind} {will}: {', '.join(causes) or 'its type'} cannot be changed in place"


def _removed(change: Change, stacks: Sequence[StackChange]) -> str:
    if change.impact not in GONE:
        return f"{change.kind} gets another Condition, and goes where that is false"
    if any(stack.new is None for stack in stacks if stack.name == change.stack):
        return f"{change.kind} goes with its stack"
    renamed = [one for one in every(stacks) if _takes_the_place_of(change, one)]
    if len(renamed) == 1:
        return f"{change.kind} is removed and {renamed[0].path} is created: a new, empty one, not a new name"
    return f"{change.kind} is removed"


def _takes_the_place_of(gone: Change, other: Change) -> bool:
    return other.impact is Impact.CREATE and other.kind == gone.kind


def _fate(change: Change, verb: str) -> str:
    attribute = "UpdateReplacePolicy" if verb == "replaces" else "DeletionPolicy"
    policy = (change.old or {}).get(attribute)
    if policy in ("Retain", "RetainExceptOnCreate"):
        return f"; the old one and its data stay in the account ({attribute} {policy}), but nothing here uses them"
    if policy == "Snapshot":
        return f"; a snapshot of the old one is taken ({attribute} Snapshot), which must be restored by hand"
    return f"; the old one is deleted with its data (no {attribute} keeps it)"


def _name_taken(change: Change) -> str:
    """The new one is created while the old one is there.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    if change.impact is not Impact.REPLACE or not change.named:
        return ""
    old, new = change.value(change.named)
    return f"; the update fails: {change.named} {new!r} is taken by the old one" if old == new else ""

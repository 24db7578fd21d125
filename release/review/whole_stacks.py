"""Stacks that come or go as a whole, and conditions that decide whether resources are there."""

from collections.abc import Iterator, Sequence

from release.review.changes import StackChange
from release.review.findings import Finding, Risk

TOPIC = "stacks"


def stack_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """`cdk deploy` creates a stack that is new; one that is no longer in the application it leaves where it is."""
    for stack in stacks:
        if stack.new is None:
            text = f"no longer in the application, with {len(stack.changes)} resources: `cdk deploy` leaves it as it is"
            yield Finding(Risk.LOOK, TOPIC, stack.name, f"{text}, until somebody deletes it")
        elif stack.old is not None:
            yield from _other_conditions(stack)


def _other_conditions(stack: StackChange) -> Iterator[Finding]:
    """The template's text does not tell whether a condition is true.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
    """
    before, after = (side.get("Conditions", {}) for side in (stack.before, stack.after))
    for name in sorted(before.keys() & after.keys()):
        if before[name] == after[name]:
            continue
        depending = [id_ for id_, one in stack.after["Resources"].items() if one.get("Condition") == name]
        text = f"condition {name} reads otherwise: where it comes to be false, {', '.join(depending) or 'nothing'} goes"
        yield Finding(Risk.LOOK, TOPIC, stack.name, text)

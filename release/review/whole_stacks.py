"""Finds stacks that come or go as a whole, conditions that read otherwise, and stacks that `cdk deploy` passes over."""

from collections.abc import Iterator, Mapping, Sequence

from release.review.changes import Finding, Json, Risk, StackChange

STACKS, REFERENCES = "stacks", "references"


def stack_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """Find stacks that leave the application and conditions that change.

    `cdk deploy` creates a stack that is new; a stack that is no longer in the application it leaves where it is.
    """
    for stack in stacks:
        if stack.new is None:
            text = f"no longer in the application, with {len(stack.changes)} resources: `cdk deploy` leaves it as it is"
            yield Finding(Risk.LOOK, STACKS, stack.name, f"{text}, until somebody deletes it")
        elif stack.old is not None:
            yield from _changed_conditions(stack)


def _changed_conditions(stack: StackChange) -> Iterator[Finding]:
    """Find conditions of another text; whether a condition is true the text does not tell.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
    """
    before, after = (side.get("Conditions", {}) for side in (stack.before, stack.after))
    for name in sorted(before.keys() & after.keys()):
        if before[name] == after[name]:
            continue
        depending = [id_ for id_, entry in stack.after["Resources"].items() if entry.get("Condition") == name]
        text = f"condition {name} reads otherwise: where it comes to be false, {', '.join(depending) or 'nothing'} goes"
        yield Finding(Risk.LOOK, STACKS, stack.name, text)


def reference_findings(stacks: Sequence[StackChange], templates: Mapping[str, Json]) -> Iterator[Finding]:
    """Find stacks that refer to what another stack replaces, and whose own template is the same.

    A reference between stacks is read when the stack that holds it is updated, and `cdk deploy` passes over a stack
    whose own template is the same: https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
    `templates` are the new ones as they are written: where one equals the old one, only its references have changed.
    """
    for stack in stacks:
        if stack.old is not None and templates.get(stack.name) == stack.old:
            text = "what it refers to is replaced, and its own template stays as it is, so `cdk deploy` passes over it"
            yield Finding(Risk.LOOK, REFERENCES, stack.name, f"{text}: `cdk deploy --force {stack.name}` afterwards")

"""Stacks that refer to what another stack replaces, and are not told.

A reference between stacks is read when the stack that holds it is updated, and `cdk deploy` passes over a stack whose
own template is the same: https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
"""

from collections.abc import Iterator, Mapping, Sequence

from release.review.changes import Json, StackChange
from release.review.findings import Finding, Risk

TOPIC = "references"


def reference_findings(stacks: Sequence[StackChange], templates: Mapping[str, Json]) -> Iterator[Finding]:
    """`templates` are the new ones as they are written: where one is the old one, only its references have changed."""
    for stack in stacks:
        if stack.old is not None and templates.get(stack.name) == stack.old:
            text = "what it refers to is replaced, and its own template stays as it is, so `cdk deploy` passes over it"
            yield Finding(Risk.LOOK, TOPIC, stack.name, f"{text}: `cdk deploy --force {stack.name}` afterwards")

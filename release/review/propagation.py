"""What is replaced in one stack, in the stacks that refer to it: there the same words come to mean another resource.

The engine looks at one template at a time and knows what a replacement does to what refers to it inside. Across stacks
(`Fn::GetStackOutput`) the reference reads as before. So the outputs that come to say something else are marked in the
templates that read them, and the engine is asked again, until no other output changes its meaning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from release.review.changes import REPLACED, Json, StackChange
from release.review.engine import REPLACED_MARK, Pair, compare

Output = tuple[str, str]
_READ = "Fn::GetStackOutput"


def compare_together(pairs: Sequence[Pair]) -> tuple[StackChange, ...]:
    """As `compare`, with what a replacement in one stack replaces in others."""
    stacks = compare(pairs)
    known: set[Output] = set()
    while more := set(_other_values(stacks)) - known:
        known |= more
        marked = [replace(pair, new=_marked(pair.new, known)) for pair in pairs]
        if marked == list(pairs):
            return stacks
        stacks = compare(marked)
    return stacks


def _other_values(stacks: Sequence[StackChange]) -> Iterator[Output]:
    """The outputs that say something else once a resource is another one."""
    for stack in stacks:
        replaced = {change.logical_id for change in stack.changes if change.impact in REPLACED}
        for name, output in stack.after.get("Outputs", {}).items():
            if any(_refers(value, replaced) for value in _walk(output)):
                yield stack.name, name


def _refers(value: Json, ids: set[str]) -> bool:
    attribute = value.get("Fn::GetAtt")
    return value.get("Ref") in ids or (isinstance(attribute, list) and attribute[0] in ids)


def _marked(value: Any, outputs: set[Output]) -> Any:
    if isinstance(value, list):
        return [_marked(item, outputs) for item in value]
    if not isinstance(value, dict):
        return value
    read = value.get(_READ)
    if isinstance(read, dict) and (read.get("StackName"), read.get("OutputName")) in outputs:
        return {_READ: {**read, "OutputName": f"{read['OutputName']}{REPLACED_MARK}"}}
    return {name: _marked(item, outputs) for name, item in value.items()}


def _walk(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)

"""Asks the CDK's own diff library about pairs of templates, one by one and together. It runs on Node: `cdk_diff.mjs`.

The library looks at one template at a time, and knows what a replacement does to what refers to it inside. Across
stacks (`Fn::GetStackOutput`) the same words come to mean another resource. So the outputs that come to say something
else are marked in the templates that read them, and the library is asked again, until no other output changes its
meaning.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from release.review.changes import REPLACED, AddedRemoved, Change, DiffError, Impact, Json, PropertyChange, StackChange
from release.review.replacements import without_needless_doubt

_SCRIPT = Path(__file__).with_name("cdk_diff.mjs")
_NODE = Path(sys.executable).with_name("node")  # in the virtual environment, beside Python
_TIMEOUT_SECONDS = 120.0
REPLACED_MARK = " (replaced)"  # the library's own word, after the name of what is replaced
CDK_METADATA = "AWS::CDK::Metadata"  # notes which constructs were used; nothing is deployed for it
_READ_OUTPUT = "Fn::GetStackOutput"

Output = tuple[str, str]  # the name of the stack and that of its output


@dataclass(frozen=True)
class TemplatePair:
    """Holds a stack's template before and after, None where the stack is not there.

    `change_set` is CloudFormation's own answer, where it was asked: it knows better than the resource schemas.
    """

    name: str
    old: Json | None
    new: Json | None
    change_set: Json | None = None


def compare_together(pairs: Sequence[TemplatePair]) -> tuple[StackChange, ...]:
    """Compare as `compare` does, and add what a replacement in one stack replaces in others."""
    stacks = compare(pairs)
    outputs: set[Output] = set()
    while more := set(_other_values(stacks)) - outputs:
        outputs |= more
        marked = [replace(pair, new=_marked(pair.new, outputs)) for pair in pairs]
        if marked == list(pairs):
            return stacks
        stacks = compare(marked)
    return stacks


def compare(pairs: Sequence[TemplatePair]) -> tuple[StackChange, ...]:
    """Return the stacks in which something changes, in the order of the pairs; equal pairs start no process."""
    differing = [pair for pair in pairs if pair.old != pair.new or pair.change_set]
    if not differing:
        return ()
    answers = ask(differing)
    stacks = (stack_change(pair, answers[pair.name]) for pair in differing)
    return tuple(stack for stack in stacks if stack.changes or stack.old is None or stack.new is None)


def ask(pairs: Sequence[TemplatePair]) -> Mapping[str, Json]:
    """Return the library's answer about each pair, by the stack's name."""
    question = [{"name": pair.name, "old": pair.old, "new": pair.new, "changeSet": pair.change_set} for pair in pairs]
    try:
        done = subprocess.run(  # noqa: S603
            [str(_NODE if _NODE.exists() else "node"), str(_SCRIPT)],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DiffError(f"the diff engine did not run ({error}): `make setup` installs Node") from error
    if done.returncode:
        end = done.stderr.strip()[-1000:]
        raise DiffError(f"the diff engine failed; `make setup` installs what it needs:\n{end}")
    answers: Mapping[str, Json] = json.loads(done.stdout)
    return answers


def stack_change(pair: TemplatePair, answer: Json) -> StackChange:
    """Read the library's answer about one stack."""
    resources = {id_: entry for id_, entry in answer["resources"].items() if entry["type"] != CDK_METADATA}
    changes = (_change(pair.name, id_, entry) for id_, entry in resources.items())
    return StackChange(
        name=pair.name,
        old=pair.old,
        new=pair.new,
        changes=tuple(change for change in changes if change.impact is not Impact.NONE),
        statements=_added_removed(answer["statements"]),
        attachments=_added_removed(answer["attachments"]),
        ingress=_added_removed(answer["ingress"]),
        egress=_added_removed(answer["egress"]),
    )


def _change(stack: str, logical_id: str, entry: Json) -> Change:
    change = Change(
        stack=stack,
        logical_id=logical_id,
        kind=entry["type"],
        impact=Impact(entry["impact"]),
        stateful=entry["stateful"],
        properties=tuple(map(_property, entry["properties"])),
        others=tuple(entry["others"]),
        old=entry["old"],
        new=entry["new"],
        named=entry["name"],
    )
    return without_needless_doubt(change)


def _property(entry: Json) -> PropertyChange:
    return PropertyChange(entry["name"], Impact(entry["impact"]), entry.get("old"), entry.get("new"))


def _added_removed(entry: Json) -> AddedRemoved:
    """Drop pairs that differ only by the library's " (replaced)" suffix: they are unchanged."""
    added, removed = (json.loads(json.dumps(entry[side]).replace(REPLACED_MARK, "")) for side in ("added", "removed"))
    return AddedRemoved(
        tuple(item for item in added if item not in removed),
        tuple(item for item in removed if item not in added),
    )


def _other_values(stacks: Sequence[StackChange]) -> Iterator[Output]:
    """Iterate over the outputs that say something else once the resource they refer to is replaced."""
    for stack in stacks:
        replaced = {change.logical_id for change in stack.changes if change.impact in REPLACED}
        for name, output in stack.after.get("Outputs", {}).items():
            if any(_refers(value, replaced) for value in _objects_in(output)):
                yield stack.name, name


def _refers(value: Json, ids: set[str]) -> bool:
    attribute = value.get("Fn::GetAtt")
    return value.get("Ref") in ids or (isinstance(attribute, list) and attribute[0] in ids)


def _marked(value: Any, outputs: set[Output]) -> Any:
    """Return a template, or a part of one, in which reads of `outputs` have another name."""
    if isinstance(value, list):
        return [_marked(item, outputs) for item in value]
    if not isinstance(value, dict):
        return value
    read = value.get(_READ_OUTPUT)
    if isinstance(read, dict) and (read.get("StackName"), read.get("OutputName")) in outputs:
        return {_READ_OUTPUT: {**read, "OutputName": f"{read['OutputName']}{REPLACED_MARK}"}}
    return {name: _marked(item, outputs) for name, item in value.items()}


def _objects_in(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects_in(inner)

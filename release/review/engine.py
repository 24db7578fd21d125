"""The CDK's own diff engine, asked about pairs of templates. It runs on Node: `engine.mjs`."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release.review.changes import Change, Impact, Json, PropertyChange, Sides, StackChange
from release.review.errors import DiffError
from release.review.in_place import without_needless_doubt

_SCRIPT = Path(__file__).with_name("engine.mjs")
_NODE = Path(sys.executable).with_name("node")  # in the virtual environment, beside Python
_LONGEST = 120.0
REPLACED_MARK = " (replaced)"  # the engine's own word, after the name of what is replaced
NOTE = "AWS::CDK::Metadata"  # which constructs were used; nothing is deployed for it


@dataclass(frozen=True)
class Pair:
    """A stack before and after, None where it is not there; a change set sharpens what is known of it."""

    name: str
    old: Json | None
    new: Json | None
    change_set: Json | None = None


def compare(pairs: Sequence[Pair]) -> tuple[StackChange, ...]:
    """In the order of the pairs; those in which nothing changes are left out. No process is started for nothing."""
    wanted = [pair for pair in pairs if pair.old != pair.new or pair.change_set]
    if not wanted:
        return ()
    found = ask(wanted)
    stacks = (stack_change(pair, found[pair.name]) for pair in wanted)
    return tuple(stack for stack in stacks if stack.changes or stack.old is None or stack.new is None)


def ask(pairs: Sequence[Pair]) -> Mapping[str, Json]:
    """What the engine says of each, by the stack's name."""
    question = [{"name": one.name, "old": one.old, "new": one.new, "changeSet": one.change_set} for one in pairs]
    try:
        done = subprocess.run(  # noqa: S603
            [str(_NODE if _NODE.exists() else "node"), str(_SCRIPT)],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DiffError(f"the diff engine did not run ({error}): `make setup` installs Node") from error
    if done.returncode:
        end = done.stderr.strip()[-1000:]
        raise DiffError(f"the diff engine failed; `make setup` installs what it needs:\n{end}")
    answer: Mapping[str, Json] = json.loads(done.stdout)
    return answer


def stack_change(pair: Pair, found: Json) -> StackChange:
    """The engine's answer about one stack."""
    resources = {id_: one for id_, one in found["resources"].items() if one["type"] != NOTE}
    changes = (_change(pair.name, id_, one) for id_, one in resources.items())
    return StackChange(
        name=pair.name,
        old=pair.old,
        new=pair.new,
        changes=tuple(change for change in changes if change.impact is not Impact.NONE),
        statements=_sides(found["statements"]),
        attachments=_sides(found["attachments"]),
        ingress=_sides(found["ingress"]),
        egress=_sides(found["egress"]),
    )


def _change(stack: str, logical_id: str, found: Json) -> Change:
    change = Change(
        stack=stack,
        logical_id=logical_id,
        kind=found["type"],
        impact=Impact(found["impact"]),
        stateful=found["stateful"],
        properties=tuple(map(_property, found["properties"])),
        others=tuple(found["others"]),
        old=found["old"],
        new=found["new"],
        named=found["name"],
    )
    return without_needless_doubt(change)


def _property(found: Json) -> PropertyChange:
    return PropertyChange(found["name"], Impact(found["impact"]), found.get("old"), found.get("new"))


def _sides(found: Json) -> Sides:
    """Without what is on both sides but for the mark of a reference to what is replaced: it says the same as before."""
    added, removed = (json.loads(json.dumps(found[side]).replace(REPLACED_MARK, "")) for side in ("added", "removed"))
    return Sides(
        tuple(one for one in added if one not in removed),
        tuple(one for one in removed if one not in added),
    )

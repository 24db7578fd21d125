"""Permissions that get broader: what somebody may do afterwards and may not do now.

The engine takes the statements out of every kind of policy; how they read is
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from release.review.changes import Json, StackChange, readable
from release.review.findings import Finding, Risk

TOPIC = "permissions"


def permission_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """One for each statement or attachment that lets somebody do more."""
    for stack in stacks:
        removed = [_plain(one) for one in stack.statements.removed]
        added = [_plain(one) for one in stack.statements.added]
        yield from (_granted(stack.name, one) for one in added if _allows(one) and not _covered(one, removed))
        yield from (_no_longer_denied(stack.name, one) for one in removed if _denies(one) and not _covered(one, added))
        attached = (_plain(one) for one in stack.attachments.added)
        yield from (Finding(Risk.LOOK, TOPIC, stack.name, _attached(one)) for one in attached)


def _plain(found: Json) -> Json:
    """What an intrinsic function makes up as a whole, the engine gives as text."""
    return found["value"] if found["type"] == "parsed" else {"opaque": found["repr"]}


def _allows(statement: Json) -> bool:
    return bool(statement.get("effect") != "Deny")


def _denies(statement: Json) -> bool:
    return bool(statement.get("effect") == "Deny")


def _covered(statement: Json, others: Sequence[Json]) -> bool:
    """Whether a statement of the other side says as much: then this one narrows, or only moves words about."""
    if "opaque" in statement:
        return False
    return any(_says_as_much(other, statement) for other in others if "opaque" not in other)


def _says_as_much(broad: Json, narrow: Json) -> bool:
    if any(broad.get(same) != narrow.get(same) for same in ("effect", "condition")):
        return False
    return all(_includes(broad[part], narrow[part]) for part in ("actions", "resources", "principals"))


def _includes(broad: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Exceptions (NotAction, NotResource) are compared whole."""
    if broad["not"] or narrow["not"]:
        return bool(broad == narrow)
    patterns = [pattern.replace("[", "[[]") for pattern in broad["values"]]  # IAM knows * and ?, and nothing else
    return all(any(fnmatchcase(value, pattern) for pattern in patterns) for value in narrow["values"])


def _granted(stack: str, statement: Json) -> Finding:
    if "opaque" in statement:
        return Finding(Risk.LOOK, TOPIC, stack, f"a statement that cannot be read: {statement['opaque']}")
    who, what, on = (_words(statement[part]) for part in ("principals", "actions", "resources"))
    wild = [words for part, words, pattern in _WILD if _is_wild(statement[part], pattern)]
    text = f"{who or 'whoever holds the policy'} may {what} on {on or 'the resource of the policy'}"
    text += " under a condition" if statement.get("condition") else ""
    return Finding(Risk.LOOK, TOPIC, stack, f"{', '.join(wild)}: {text}" if wild else text)


def _no_longer_denied(stack: str, statement: Json) -> Finding:
    who, what, on = (_words(statement[part]) for part in ("principals", "actions", "resources"))
    return Finding(Risk.LOOK, TOPIC, stack, f"no longer denied: {who or 'everybody'} {what} on {on}")


_WILD = (
    ("principals", "anybody", re.compile(r"(\w+:)?\*")),
    ("actions", "every action of a service", re.compile(r"([\w-]+:)?\*")),
    ("resources", "any resource", re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*")),
)


def _is_wild(part: Mapping[str, Any], pattern: re.Pattern[str]) -> bool:
    """All there are, or all except some."""
    return bool(part["not"]) or any(pattern.fullmatch(value) for value in part["values"])


def _words(part: Mapping[str, Any]) -> str:
    words = readable(", ".join(part["values"]))
    return f"everything except {words}" if part["not"] else words


def _attached(attachment: Json) -> str:
    if "opaque" in attachment:
        return f"a managed policy is attached: {attachment['opaque']}"
    return readable(f"{attachment['identityArn']} gets the managed policy {attachment['managedPolicyArn']}")

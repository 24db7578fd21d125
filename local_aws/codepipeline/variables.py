"""Variables in configurations. https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html"""

import re
from collections.abc import Mapping

REFERENCE = re.compile(r"#\{([^}]*)\}")


class UnresolvedError(Exception):
    """Names the reference, and what is known."""


def resolved(text: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """`known` is namespace -> variable -> value. What cannot be resolved is an error, never an empty text."""
    return REFERENCE.sub(lambda match: _value(match[1], known), text)


def _value(reference: str, known: Mapping[str, Mapping[str, str]]) -> str:
    namespace, dot, name = reference.partition(".")
    values = known.get(namespace)
    if not dot or values is None:
        there = ", ".join(sorted(known))
        raise UnresolvedError(f"#{{{reference}}}: nothing before has the namespace {namespace}; there are: {there}")
    if name not in values:
        there = ", ".join(sorted(values)) or "none"
        raise UnresolvedError(f"#{{{reference}}}: {namespace} has no variable {name}; it has: {there}")
    return values[name]

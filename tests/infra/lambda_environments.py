"""How much of Lambda's 4 KB the environment variables of a function take, measured from its template."""

from collections.abc import Mapping
from typing import Any

_REFERENCE = 40  # what CloudFormation puts in the place of one: the name of a cluster or a table, a region


def text_of(value: Any) -> str:
    """Return the value of a variable with something in the place of each reference."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        delimiter, parts = value["Fn::Join"]
        return str(delimiter).join(text_of(part) for part in parts)
    return "x" * _REFERENCE


def environment_bytes(function: Mapping[str, Any]) -> int:
    """Return the bytes that names and values take together."""
    variables = function.get("Environment", {}).get("Variables", {})
    return sum(len(name) + len(text_of(value).encode()) for name, value in variables.items())

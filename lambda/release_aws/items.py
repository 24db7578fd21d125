"""Converts plain values to and from DynamoDB's attribute values.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from typing import Any

Attribute = dict[str, Any]


def to_attribute(value: Any) -> Attribute:
    """Convert None, a bool, number, string, list or map; TypeError for anything else."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, Mapping):
        return {"M": to_item(value)}
    if isinstance(value, list | tuple):
        return {"L": [to_attribute(element) for element in value]}
    raise TypeError(f"the ledger cannot keep a {type(value).__name__}: {value!r}")


def to_item(values: Mapping[str, Any]) -> dict[str, Attribute]:
    """Convert a whole item, or a map within one."""
    return {str(key): to_attribute(value) for key, value in values.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """Convert a value back; numbers come back as int where they are whole."""
    kind, value = next(iter(attribute.items()))
    if kind == "NULL":
        return None
    if kind == "N":
        return int(value) if value.lstrip("-").isdigit() else float(value)
    if kind == "M":
        return from_item(value)
    if kind == "L":
        return [from_attribute(element) for element in value]
    return value


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a whole item back, or a map within one."""
    return {key: from_attribute(attribute) for key, attribute in item.items()}

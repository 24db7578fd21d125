"""What a model allows at a place of a file, in words: read from its schema, so that a limit is written down once."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from settings.component import TABLE_NAME

Node = Mapping[str, Any]
Place = Sequence[int | str]
OF_A_KEY = "[key]"  # what pydantic adds to the place when a table's name is wrong
BOUNDS = {"minimum": "from", "maximum": "to", "exclusiveMinimum": "above", "exclusiveMaximum": "and below"}
PLAIN = {"boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "text"}


def keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys of the table at this place."""
    return _keys(_at(_schema(model), place))


def allowed(model: type[BaseModel], place: Place) -> str:
    """`allowed is a whole number from 1 to 3`, say."""
    schema = _schema(model)
    if place and place[-1] == OF_A_KEY:
        pattern, *_ = _at(schema, place[:-2])["patternProperties"]
        return f"allowed is a name that matches {pattern}"
    node = _at(schema, place)
    return f"allowed are {', '.join(node['enum'])}" if "enum" in node else f"allowed is {_words(node)}"


@cache
def _schema(model: type[BaseModel]) -> Node:
    return model.model_json_schema()


def _words(node: Node) -> str:
    kind = node.get("type")
    if kind == "array":
        return f"a list of {node.get('minItems', 0)} to {node['maxItems']}" if "maxItems" in node else "a list"
    if kind not in PLAIN:
        return f"a table with {', '.join(known)}" if (known := _keys(node)) else "a table"
    bounds = [f"{word} {node[bound]:g}" for bound, word in BOUNDS.items() if bound in node]
    pattern = [f"that matches {node['pattern']}"] if "pattern" in node else []
    return " ".join([PLAIN[kind], *bounds, *pattern])


def _keys(node: Node) -> list[str]:
    """Without the name, which is the table's own."""
    return sorted(set(node.get("properties", {})) - {TABLE_NAME})


def _at(schema: Node, place: Place) -> Node:
    node = _resolved(schema, schema)
    for part in place:
        node = _resolved(schema, _inner(node, part))
    return node


def _inner(node: Node, part: int | str) -> Node:
    if part in node.get("properties", {}):
        return dict(node["properties"][part])
    if forms := node.get("discriminator"):
        mapping: dict[str, str] = forms["mapping"]
        return {"$ref": mapping[str(part)]} if part in mapping else {"enum": sorted(mapping)}
    members = [*node.get("patternProperties", {}).values(), node.get("additionalProperties"), node.get("items")]
    return next((member for member in members if isinstance(member, dict)), {})


def _resolved(schema: Node, node: Node) -> Node:
    """Behind a reference; of what may be left out, what it is when it is there."""
    given = [option for option in node.get("anyOf", []) if option.get("type") != "null"]
    node = given[0] if given else node
    reference = node.get("$ref")
    return dict(schema["$defs"][reference.rpartition("/")[2]]) if reference else node

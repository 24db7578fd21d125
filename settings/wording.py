"""Words what is wrong with a file of settings, for a person: file, key, value, what is allowed.

What a model allows is read from its schema, so that a limit is written down once.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from settings.component import TABLE_NAME

_LONGEST_VALUE = 80
Node = Mapping[str, Any]
KeyPath = Sequence[int | str]  # of a value in a file: the keys of tables and the indexes of lists
_OF_A_KEY = "[key]"  # what pydantic adds to the path when a table's name is wrong
BOUNDS = {"minimum": "from", "maximum": "to", "exclusiveMinimum": "above", "exclusiveMaximum": "and below"}
PLAIN = {"boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "text"}


class Problem(NamedTuple):
    """One thing that is wrong; `key` is dotted, as TOML writes it, and `value` is None when there is none to show."""

    file: str
    key: str
    value: Any
    what: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {_shown(self.value)}"
        return f"{self.file}: {self.key}{shown}: {self.what}"


def problems_of(error: ValidationError, file: str, model: type[BaseModel]) -> Iterator[Problem]:
    """Word each of pydantic's errors as a problem of the file."""
    for entry in error.errors(include_url=False):
        kind, path, value = entry["type"], entry["loc"], entry["input"]
        if kind in ("union_tag_invalid", "union_tag_not_found"):
            tag = entry["ctx"]["discriminator"].strip("'")
            path, value = (*path, tag), value.get(tag)
        shown = None if isinstance(value, dict) or kind == "missing" else value
        yield Problem(file, _dotted(_as_written(path)), shown, _what(kind, path, model, entry["msg"]))


def _what(kind: str, path: KeyPath, model: type[BaseModel], message: str) -> str:
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):  # of a model's table, and of a dataclass's
        return f"unknown key; allowed are {', '.join(_keys(_at(_schema(model), path[:-1])))}"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    missing = "is missing; " if kind in ("missing", "union_tag_not_found") else ""
    return missing + _allowed(model, path)


def _as_written(path: KeyPath) -> list[int | str]:
    """Return the path with the keys of the file alone.

    pydantic adds which form of `kafka` was read, and the mark of a wrong name.
    """
    form = 1 if path and path[0] == "kafka" and len(path) > 1 and path[1] != "mode" else None
    return [part for index, part in enumerate(path) if index != form and part != _OF_A_KEY]


def _dotted(path: KeyPath) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f'."{part}"' if "." in part else f".{part}" for part in path]
    return "".join(parts).lstrip(".")


def _shown(value: Any) -> str:
    """Return the value as TOML writes it, cut short where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _allowed(model: type[BaseModel], path: KeyPath) -> str:
    """Return such as `allowed is a whole number from 1 to 3`."""
    schema = _schema(model)
    if path and path[-1] == _OF_A_KEY:
        pattern, *_ = _at(schema, path[:-2])["patternProperties"]
        return f"allowed is a name that matches {pattern}"
    node = _at(schema, path)
    return f"allowed are {', '.join(node['enum'])}" if "enum" in node else f"allowed is {_words(node)}"


@cache
def _schema(model: type[BaseModel]) -> Node:
    return model.model_json_schema()


def _words(node: Node) -> str:
    kind = node.get("type")
    if kind == "array":
        return f"a list of {node.get('minItems', 0)} to {node['maxItems']}" if "maxItems" in node else "a list"
    if kind not in PLAIN:
        return f"a table with {', '.join(keys)}" if (keys := _keys(node)) else "a table"
    bounds = [f"{word} {node[bound]:g}" for bound, word in BOUNDS.items() if bound in node]
    pattern = [f"that matches {node['pattern']}"] if "pattern" in node else []
    return " ".join([PLAIN[kind], *bounds, *pattern])


def _keys(node: Node) -> list[str]:
    """List the keys of a table; its own name is none of them."""
    return sorted(set(node.get("properties", {})) - {TABLE_NAME})


def _at(schema: Node, path: KeyPath) -> Node:
    """Return what the schema says of the value at a path."""
    node = _resolved(schema, schema)
    for part in path:
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
    """Follow a reference; of a value that may be left out, return what it is when it is there."""
    given = [option for option in node.get("anyOf", []) if option.get("type") != "null"]
    node = given[0] if given else node
    reference = node.get("$ref")
    return dict(schema["$defs"][reference.rpartition("/")[2]]) if reference else node

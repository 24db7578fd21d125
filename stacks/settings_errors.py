"""pydantic's findings as a person should read them: file, key, value, what is allowed."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

_LONGEST_VALUE = 80


class Problem(NamedTuple):
    """`key` is dotted, as TOML writes it; `value` None when there is none to show."""

    file: str
    key: str
    value: Any
    what: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {_shown(self.value)}"
        return f"{self.file}: {self.key}{shown}: {self.what}"


def problems_of(error: ValidationError, file: str, model: type[BaseModel]) -> Iterator[Problem]:
    """One for each finding."""
    for found in error.errors(include_url=False):
        place = [part for part in found["loc"] if part not in _TAGS]
        value = None if isinstance(found["input"], dict) or found["type"] == "missing" else found["input"]
        yield Problem(file, _dotted(place), value, _what(found, model, found["loc"]))


_TAGS = ("ecs", "msk", "external")  # which of the three forms of `kafka` was read; no key of the file


def _what(found: Any, model: type[BaseModel], place: Sequence[int | str]) -> str:
    if found["type"] == "extra_forbidden":
        known = _keys(model, place[:-1])
        return f"unknown key; allowed are {', '.join(known)}" if known else "unknown key"
    if found["type"] == "missing":
        return "is missing"
    return str(found["msg"]).removeprefix("Value error, ")


def _keys(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys of the table at `place`, found by the model's own schema; those that a loader gives are left out."""
    schema = model.model_json_schema()
    node = schema
    for part in place:
        node = _step(schema, node, str(part))
    return sorted(set(_resolved(schema, node).get("properties", {})) - _given(place))


def _given(place: Sequence[int | str]) -> set[str]:
    """`name` of a component and `key` of a service are their tables' names."""
    if place and place[0] == "components":
        return {"name"} if len(place) == 2 else {"key"}
    return set()


def _step(schema: dict[str, Any], node: dict[str, Any], part: str) -> dict[str, Any]:
    node = _resolved(schema, node)
    if part in node.get("properties", {}):
        inner: dict[str, Any] = node["properties"][part]
        return inner
    if mapping := node.get("discriminator", {}).get("mapping"):
        return {"$ref": mapping[part]} if part in mapping else {}
    patterns = node.get("patternProperties") or {}
    other: dict[str, Any] = next(iter(patterns.values()), node.get("additionalProperties") or {})
    return other if isinstance(other, dict) else {}


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", []):
        if option.get("type") != "null":
            node = option
            break
    reference = node.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else node


def _dotted(place: Sequence[int | str]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f'."{part}"' if "." in part else f".{part}" for part in place]
    return "".join(parts).lstrip(".").replace(".[key]", "") or "(the whole file)"


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"

"""pydantic's findings as a person should read them: file, key, value, what is allowed."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from settings.schema import OF_A_KEY, allowed, keys

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
        kind, place, value = found["type"], found["loc"], found["input"]
        if kind in ("union_tag_invalid", "union_tag_not_found"):
            tag = found["ctx"]["discriminator"].strip("'")
            place, value = (*place, tag), value.get(tag)
        shown = None if isinstance(value, dict) or kind == "missing" else value
        yield Problem(file, _dotted(_as_written(place)), shown, _what(kind, place, model, found["msg"]))


def _what(kind: str, place: Sequence[int | str], model: type[BaseModel], said: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown key; allowed are {', '.join(keys(model, place[:-1]))}"
    if kind == "value_error":
        return said.removeprefix("Value error, ")
    missing = "is missing; " if kind in ("missing", "union_tag_not_found") else ""
    return missing + allowed(model, place)


def _as_written(place: Sequence[int | str]) -> list[int | str]:
    """Without which form of `kafka` was read, and without the mark of a wrong name: they are no keys of the file."""
    form = 1 if place and place[0] == "kafka" and len(place) > 1 and place[1] != "mode" else None
    return [part for index, part in enumerate(place) if index != form and part != OF_A_KEY]


def _dotted(place: Sequence[int | str]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f'."{part}"' if "." in part else f".{part}" for part in place]
    return "".join(parts).lstrip(".")


def _shown(value: Any) -> str:
    """As TOML writes it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"

"""A declaration held against the service's own model: unknown members, types, lengths, patterns, enumerations."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session
from botocore.validate import ParamValidator

Record = dict[str, Any]


def problems(declared: Record) -> Iterator[str]:
    """Yield what CreatePipeline would refuse."""
    shape = _shape()
    report = ParamValidator().validate(declared, shape)
    if report.has_errors():
        yield from report.generate_report().splitlines()
        return
    yield from _limits(shape, declared, "")


@cache
def _shape() -> Shape:
    model = get_session().get_service_model("codepipeline")
    return model.operation_model("CreatePipeline").input_shape.members["pipeline"]


def _limits(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for key, inner in value.items():
            yield from _limits(shape.members[key], inner, f"{path}.{key}")
        return
    yield from _size(shape, value, path)
    if isinstance(shape, ListShape):
        for index, inner in enumerate(value):
            yield from _limits(shape.member, inner, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, inner in value.items():
            yield from _limits(shape.value, inner, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)


def _size(shape: Shape, value: Any, path: str) -> Iterator[str]:
    size = len(value) if hasattr(value, "__len__") else value
    if size > shape.metadata.get("max", size) or size < shape.metadata.get("min", size):
        yield f"{path} has {size}, not {shape.metadata.get('min', 0)} to {shape.metadata.get('max')}"


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    if allowed := shape.metadata.get("enum"):
        if value not in allowed:
            yield f"{path} is {value!r}, not one of {', '.join(allowed)}"
    elif not re.fullmatch(shape.metadata.get("pattern", ".*"), value, re.DOTALL):
        yield f"{path} is {value!r}, not of the pattern {shape.metadata['pattern']}"

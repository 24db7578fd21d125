"""Declarations of pipelines: from a template's words to those of the API, and held against the service's own model.

The model knows members, types, lengths, patterns and enumerations; what else is refused is in `declaration_checks`.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session
from botocore.validate import ParamValidator

from local_aws.ministack_parts.answers import Record

NOT_OF_THE_DECLARATION = ("DisableInboundStageTransitions", "RestartExecutionOnUpdate", "Tags")
_FREE = ("Configuration",)  # its keys are the provider's, its values texts
_NUMBERS = ("RunOrder", "TimeoutInMinutes")


def from_template(properties: Record, name: str) -> Record:
    """Return the API's declaration, whose names begin with a small letter; unknown ones are left for the checks."""
    kept = {key: value for key, value in properties.items() if key not in NOT_OF_THE_DECLARATION}
    declared: Record = _lowered(kept) | {"name": name}
    if stores := kept.get("ArtifactStores"):
        declared["artifactStores"] = {store["Region"]: _lowered(store["ArtifactStore"]) for store in stores}
    return declared


def store(declared: Record, region: str) -> Record:
    """Return the artifact store of this region; nothing if there is none."""
    artifact_store: Record = declared.get("artifactStore") or declared.get("artifactStores", {}).get(region, {})
    return artifact_store


def _lowered(value: Any) -> Any:
    if isinstance(value, list):
        return [_lowered(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key[:1].lower() + key[1:]: _inner(key, inner) for key, inner in value.items()}


def _inner(key: str, value: Any) -> Any:
    if key in _FREE and isinstance(value, dict):
        return {name: _text(inner) for name, inner in value.items()}
    if key in _NUMBERS:
        return int(value)
    return _text(value) if key in ("DefaultValue", "Version") else _lowered(value)


def _text(value: Any) -> str:
    """Return a text where a template may have written a number or a truth value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


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
        yield from _characters(shape, value, path)


def _size(shape: Shape, value: Any, path: str) -> Iterator[str]:
    size = len(value) if hasattr(value, "__len__") else value
    if size > shape.metadata.get("max", size) or size < shape.metadata.get("min", size):
        yield f"{path} has {size}, not {shape.metadata.get('min', 0)} to {shape.metadata.get('max')}"


def _characters(shape: Shape, value: str, path: str) -> Iterator[str]:
    if allowed := shape.metadata.get("enum"):
        if value not in allowed:
            yield f"{path} is {value!r}, not one of {', '.join(allowed)}"
    elif not re.fullmatch(shape.metadata.get("pattern", ".*"), value, re.DOTALL):
        yield f"{path} is {value!r}, not of the pattern {shape.metadata['pattern']}"

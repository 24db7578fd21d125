"""Holds answers against botocore's service model."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def call(client: Any, operation: str, **request: Any) -> dict[str, Any]:
    """Calls an operation; what it answers on the wire must be in the model, and what boto3 made of it is returned."""
    shape = client.meta.service_model.operation_model(operation).output_shape
    bodies: list[bytes] = []
    event = f"response-received.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register(event, lambda response_dict, **_: bodies.append(response_dict["body"]), "contract")
    name = next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation)
    answer: dict[str, Any] = getattr(client, name)(**request)
    client.meta.events.unregister(event, unique_id="contract")
    unknown = list(deviations(shape, json.loads(bodies[-1]), operation))
    assert not unknown, unknown
    return answer


def deviations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """What a body has that the model has not: unknown members, wrong types, unknown enumeration values."""
    if isinstance(shape, StructureShape):
        yield from _of_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from deviations(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        yield from (f"{path}.{key} is not text" for key in value if not isinstance(key, str))
    else:
        yield from _wrong_scalar(shape, value, path)


def _of_structure(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    if shape.is_document_type:  # any JSON
        return
    if not isinstance(value, dict):
        yield f"{path} is not a structure"
        return
    yield from (f"{path}.{name} is not in the model" for name in value if name not in shape.members)
    for name, member in shape.members.items():
        if name in value:
            yield from deviations(member, value[name], f"{path}.{name}")


def _wrong_scalar(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "long": (int,),
        "double": (int, float),
        "float": (int, float),
        "boolean": (bool,),
        "timestamp": (int, float),
    }
    if not isinstance(value, kinds.get(shape.type_name, (object,))):
        yield f"{path} is {value!r}, not a {shape.type_name}"
    if (allowed := getattr(shape, "enum", None)) and value not in allowed:
        yield f"{path} is {value!r}, not one of {allowed}"

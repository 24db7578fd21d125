"""The release's functions, as somebody of the account sees, changes and calls them."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rehearsal.stage import Stage

GATE, WATCH = "release_handlers.health_gate.handler", "release_handlers.auto_rollback.handler"


def find(stage: Stage, handler: str) -> Mapping[str, Any]:
    """Its configuration."""
    pages = stage.client("lambda").get_paginator("list_functions").paginate()
    functions = (function for page in pages for function in page["Functions"])
    found: Mapping[str, Any] = next(one for one in functions if one.get("Handler") == handler)
    return found


@contextmanager
def changed(stage: Stage, handler: str, **changes: Any) -> Iterator[None]:
    """By UpdateFunctionConfiguration; as it was when the block is left."""
    client, function = stage.client("lambda"), find(stage, handler)
    client.update_function_configuration(FunctionName=function["FunctionName"], **changes)
    try:
        yield
    finally:
        former = {key: function[key] for key in changes}
        client.update_function_configuration(FunctionName=function["FunctionName"], **former)


def environment(stage: Stage, handler: str, **more: str) -> Mapping[str, Mapping[str, str]]:
    """Its environment, with something added."""
    return {"Variables": {**find(stage, handler)["Environment"]["Variables"], **more}}


def invoke(stage: Stage, handler: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it answers."""
    return ask(stage, find(stage, handler)["FunctionName"], event)


def ask(stage: Stage, name: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, of a function by its name."""
    answer = stage.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    told: Mapping[str, Any] = json.loads(answer["Payload"].read())
    return told


@contextmanager
def silence() -> Iterator[str]:
    """An address that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"

"""Readiness in depth: what the gate asks, never the load balancer."""

from collections.abc import Callable, Mapping
from typing import Any

from .data import DataServiceError
from .http_client import NoAnswerError
from .http_server import Response, as_json
from .process import Process

Check = Callable[[], Any]


class NotReadyError(Exception):
    """A check that failed, with its reason."""


def readiness(process: Process, checks: Mapping[str, Check]) -> Response:
    """200 when every check passes, 503 otherwise; the body names the running digest either way."""
    found = {name: _state(check) for name, check in checks.items()}
    if not process.faults.ready:
        found["application"] = "this version never becomes ready"
    good = all(state == "ok" for state in found.values())
    identity = process.identity
    body = {
        "status": "ok" if good else "failing",
        "component": identity.component,
        "digest": identity.digest,
        "version": identity.version,
        "checks": found,
    }
    return as_json(200 if good else 503, body)


def _state(check: Check) -> str:
    try:
        check()
    except (DataServiceError, NoAnswerError, NotReadyError) as error:
        return str(error) or type(error).__name__
    return "ok"


def metrics(values: Mapping[str, float]) -> Response:
    """One `name value` in each line, as Prometheus reads it."""
    text = "".join(f"{name} {value}\n" for name, value in values.items())
    return Response(200, text.encode(), "text/plain; version=0.0.4")

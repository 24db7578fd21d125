"""The versions that the tests speak of."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")


def error(code: str, message: str = "") -> ClientError:
    """As botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": message or code}}, "Operation")


class Paginated:
    """Gives every operation a paginator with one page."""

    def get_paginator(self, operation: str) -> "Paginated":
        self._operation = operation
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield getattr(self, self._operation)(**request)


def change(name: str, kind: str, action: str = "Modify", **more: Any) -> dict[str, Any]:
    """One change of a change set."""
    return {"ResourceChange": {"LogicalResourceId": name, "ResourceType": kind, "Action": action, **more}}

"""How an imitated action answers: a body, or an error by name."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from local_aws.ministack_parts.responses import Response, error_response_json, json_response

Record = dict[str, Any]
Action = Callable[[Record], Record]
Handler = Callable[[Record], Response]


class RefusedError(Exception):
    """An error as the service's model names it, with its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def answered(action: Action) -> Handler:
    """Return an action in the form that ministack's dispatchers call."""

    @wraps(action)
    def answer(request: Record) -> Response:
        response: Response
        try:
            response = json_response(action(request))
        except RefusedError as refusal:
            response = error_response_json(refusal.code, str(refusal), 400)
        return response

    return answer


def checked(check: Callable[[Record], object], handler: Handler) -> Handler:
    """Put a check that may refuse before a handler of ministack's."""

    @wraps(handler)
    def answer(request: Record) -> Response:
        try:
            check(request)
        except RefusedError as refusal:
            return error_response_json(refusal.code, str(refusal), 400)
        return handler(request)

    return answer

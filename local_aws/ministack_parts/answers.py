"""How an imitated action answers: a body, or an error by name.

With it what an answer needs: the account and region of the request under way, new identifiers, ministack's form.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from ministack.core import responses as stock

Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

get_account_id: Callable[[], str] = stock.get_account_id
get_region: Callable[[], str] = stock.get_region
# request_scope(account, region): what a thread of ours needs before it reads or writes ministack's stores.
request_scope: Callable[[str, str], AbstractContextManager[Any]] = stock.request_scope
new_uuid: Callable[[], str] = stock.new_uuid
now_iso: Callable[[], str] = stock.now_iso
json_response: Callable[[Record], Response] = stock.json_response
error_response_json: Callable[[str, str, int], Response] = stock.error_response_json  # code, message, status

Action = Callable[[Record], Record]
Handler = Callable[[Record], Response]


def root_arn() -> str:
    """Return the ARN of the account's root, as whom every request is made here."""
    return f"arn:aws:iam::{get_account_id()}:root"


class RefusedError(Exception):
    """A request is refused with an error of the service's model, by its code, and a message."""

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

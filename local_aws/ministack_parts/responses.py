"""The account and region of the request under way, new identifiers, and answers in ministack's form."""

from collections.abc import Callable
from contextlib import AbstractContextManager
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

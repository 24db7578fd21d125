"""ministack's WAF."""

from collections.abc import Callable

from ministack.services import waf as stock

from local_aws.ministack_parts.answers import Record, Response

# Actions of the API.
associate_web_acl: Callable[[Record], Response] = stock._associate_web_acl
disassociate_web_acl: Callable[[Record], Response] = stock._disassociate_web_acl

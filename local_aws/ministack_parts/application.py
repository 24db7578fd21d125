"""The application that serves every request, and its table of services."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack import app as stock
from ministack.core import router

from local_aws.ministack_parts.responses import Response

# Called with the method, the path, the headers, the body and the query of a request.
ServiceHandler = Callable[[str, str, Mapping[str, str], bytes, Any], Awaitable[Response]]

app: Any = stock.app
service_handlers: dict[str, ServiceHandler] = stock.SERVICE_HANDLERS
# What tells a request's service: {"target_prefixes": [...], "host_patterns": [...]}
service_patterns: dict[str, dict[str, list[str]]] = router.SERVICE_PATTERNS

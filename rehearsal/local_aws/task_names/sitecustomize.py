"""What `/etc/hosts` in a task is on ECS: the names of Service Connect, here for Python programs alone.

Python imports a module of this name as it starts. `SERVICE_CONNECT_NAMES` holds pairs like `exchange-kafka=127.40.0.1`.
"""

import os
import socket
from typing import Any

_names = dict(pair.split("=", 1) for pair in os.environ.get("SERVICE_CONNECT_NAMES", "").split())
_stock = socket.getaddrinfo


def _getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    return _stock(_names.get(host, host), *arguments, **options)


if _names:
    socket.getaddrinfo = _getaddrinfo

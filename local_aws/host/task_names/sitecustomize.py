"""What name resolution says in a task or a build, for Python programs alone: there is no `/etc/hosts` for one process.

Python imports a module of this name as it starts. `SERVICE_CONNECT_NAMES` holds pairs like `kafka=127.40.0.1`,
`PUBLIC_NAMES` pairs with ports, like `shop.example.com:443=127.20.0.1:8443`.
"""

import os
import socket
from typing import Any


def _pairs(variable: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in os.environ.get(variable, "").split())


_names, _endpoints = _pairs("SERVICE_CONNECT_NAMES"), _pairs("PUBLIC_NAMES")
_stock = socket.getaddrinfo


def _getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    endpoint = _endpoints.get(f"{host}:{port}")
    if endpoint:
        host, port = endpoint.rsplit(":", 1)
    return _stock(_names.get(host, host), port, *arguments, **options)


if _names or _endpoints:
    socket.getaddrinfo = _getaddrinfo

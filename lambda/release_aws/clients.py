"""AWS clients, made when first used: a handler that needs one service does not pay for ten."""

from functools import cache
from typing import Any, TypeAlias

from botocore.config import Config
from botocore.session import Session, get_session

AwsClient: TypeAlias = Any
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})


@cache
def _session() -> Session:
    return get_session()


@cache
def client(service: str) -> AwsClient:
    """The client of a service, from the standard AWS environment variables."""
    return _session().create_client(service, config=_CONFIG)


def error_code(error: Exception) -> str:
    """The service's own name for an error; empty when it is not an answer of AWS."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))

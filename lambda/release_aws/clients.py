"""AWS clients, made when first used: a handler that needs one service does not pay for ten."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeAlias

from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as UnreachableError
from botocore.loaders import Loader
from botocore.session import Session, get_session

AwsClient: TypeAlias = Any
AWS_ERRORS = (ClientError, UnreachableError, HTTPClientError)  # a no from AWS, or no way to it; never a mistake of ours
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})


class Models(Loader):  # type: ignore[misc]
    """Takes every folder for that of a service; botocore's looks into all four hundred of them before the first client.

    https://github.com/boto/botocore/blob/develop/botocore/loaders.py
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """The names of the folders."""
        return self._folders

    @cached_property
    def _folders(self) -> list[str]:
        places = [Path(path) for path in self.search_paths]
        return sorted(one.name for place in places if place.is_dir() for one in place.iterdir())


@cache
def _session() -> Session:
    session = get_session()
    session.register_component("data_loader", Models())
    return session


@cache
def client(service: str) -> AwsClient:
    """The client of a service, from the standard AWS environment variables."""
    return _session().create_client(service, config=_CONFIG)


def error_code(error: Exception) -> str:
    """The service's own name for an error; empty when it is not an answer of AWS."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))

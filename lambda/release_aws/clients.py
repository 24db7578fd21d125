"""Makes AWS clients when they are first used: a handler that needs one service does not pay for ten."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeAlias

from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as UnreachableError
from botocore.loaders import Loader
from botocore.session import Session, get_session

AwsClient: TypeAlias = Any
AWS_ERRORS = (
    ClientError,
    UnreachableError,
    HTTPClientError,
)  # AWS refuses or cannot be reached; never a mistake of ours
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})


class Models(Loader):  # type: ignore[misc]
    """Lists the services by their folders; botocore's own loader looks into all four hundred before the first client.

    https://github.com/boto/botocore/blob/develop/botocore/loaders.py
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """Return the names of all folders, whatever the type."""
        return self._folders

    @cached_property
    def _folders(self) -> list[str]:
        roots = [Path(path) for path in self.search_paths]
        return sorted(folder.name for root in roots if root.is_dir() for folder in root.iterdir())


@cache
def _session() -> Session:
    session = get_session()
    session.register_component("data_loader", Models())
    return session


@cache
def client(service: str) -> AwsClient:
    """Return the client of a service, from the standard AWS environment variables."""
    return _session().create_client(service, config=_CONFIG)


def error_code(error: Exception) -> str:
    """Return the service's own name for an error; empty when it is not an answer of AWS."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))

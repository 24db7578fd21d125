"""What must be settled before the first import of ministack, which reads its environment at import time."""

import os
import socket
from functools import cache
from importlib.metadata import version

VERSION = "1.5.33"
HOST = "127.0.0.1"
REGION = "us-west-2"
ACCOUNT = "000000000000"


class WrongVersionError(RuntimeError):
    """The installed ministack is not the one whose private names the extensions replace."""


def prepare() -> None:
    """Refuse another version, and set what ministack reads: a free port of loopback, nothing persisted."""
    check_version(version("ministack"))
    os.environ.update(
        {
            "GATEWAY_PORT": str(port()),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "PERSIST_STATE": "0",
            "S3_PERSIST": "0",
            # Cognito would keep its keys in the machine's temporary folder; where no file can be, it keeps them itself.
            "STATE_DIR": f"{os.devnull}/ministack",
            "LOG_LEVEL": "WARNING",
        }
    )


def check_version(installed: str) -> None:
    """Refuse another version: it must be tried against the contract tests first, for private names are replaced."""
    if installed != VERSION:
        raise WrongVersionError(
            f"ministack is {installed}, the local AWS is built for {VERSION}: see requirements-dev.txt"
        )


@cache
def listening_socket() -> socket.socket:
    """Return the socket on which ministack will listen; bound at once, so that nobody else gets the port in between."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, 0))
    return listener


def port() -> int:
    """Return the port on which this process's ministack listens."""
    return int(listening_socket().getsockname()[1])


def endpoint() -> str:
    """Return where this process's local AWS answers."""
    return f"http://{HOST}:{port()}"

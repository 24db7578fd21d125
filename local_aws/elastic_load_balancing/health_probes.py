"""One health check of the load balancer: a request of its own on a connection of its own."""

import asyncio
from typing import NamedTuple


class Finding(NamedTuple):
    """Why a target is not healthy: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""

    reason: str
    description: str


FAILED = Finding("Target.FailedHealthChecks", "Health checks failed")
TIMED_OUT = Finding("Target.Timeout", "Request timed out")


async def probe(address: str, port: int, path: str, *, expected: str, timeout: float) -> Finding | None:
    """Return None when the answer's status is among `expected` ("200", "200,204", "200-299"), else why not."""
    try:
        status = await asyncio.wait_for(_status(address, port, path), timeout)
    except TimeoutError:
        return TIMED_OUT
    except (OSError, EOFError, ValueError, IndexError):
        return FAILED
    if matches(status, expected):
        return None
    return Finding("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def matches(status: int, expected: str) -> bool:
    """Say whether a status is among those of a Matcher.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
    """
    for part in expected.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False


async def _status(address: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
        writer.write(f"{request}Connection: close\r\n\r\n".encode("latin-1"))
        line = await reader.readline()
        if not line.startswith(b"HTTP/1."):
            raise ValueError("not an HTTP answer")
        return int(line.split()[1])
    finally:
        writer.close()

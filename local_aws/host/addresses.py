"""Loopback addresses: blocks that two local AWS on one machine never share, and in them one address for each task.

A task on Fargate has its own network interface; here it has an address of its own.
"""

import socket
import threading
from collections import deque

_CLAIM_PORT = 47010


class Block:
    """A loopback block 127.<net>.<x>.0/24: `address` is its first host, and listening on its last one holds it."""

    def __init__(self, net: int) -> None:
        self._claim, number = _claim(net)
        self.address = f"127.{net}.{number}.1"

    def close(self) -> None:
        """Let another local AWS have the block."""
        self._claim.close()


def _claim(net: int) -> tuple[socket.socket, int]:
    for number in range(256):
        claim = socket.socket()
        try:
            claim.bind((f"127.{net}.{number}.254", _CLAIM_PORT))
            claim.listen(1)
        except OSError:
            claim.close()
            continue
        return claim, number
    raise RuntimeError(f"every loopback block 127.{net}.x is in use")


class Addresses:
    """Hands out 127.10.x.1 to 127.10.x.250, the longest unused first."""

    def __init__(self) -> None:
        self._block = Block(10)
        prefix = self._block.address.rpartition(".")[0]
        self._free = deque(f"{prefix}.{host}" for host in range(1, 251))
        self._lock = threading.Lock()

    def take(self) -> str:
        """Return an address that no live task has."""
        with self._lock:
            if not self._free:
                raise RuntimeError("250 tasks at once: no loopback address is left")
            return self._free.popleft()

    def give_back(self, address: str) -> None:
        """Free the address of a task that has ended."""
        with self._lock:
            self._free.append(address)

    def close(self) -> None:
        """Let another local AWS have the block."""
        self._block.close()

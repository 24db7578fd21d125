"""Blocks of loopback addresses, claimed so that two local AWS on one machine never share one."""

import socket

_CLAIM_PORT = 47010


class Block:
    """127.<net>.<x>.0/24: `address` is its first host; held by listening on its last."""

    def __init__(self, net: int) -> None:
        self._claim, number = _claim(net)
        self.address = f"127.{net}.{number}.1"

    def close(self) -> None:
        """Lets another local AWS have the block."""
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

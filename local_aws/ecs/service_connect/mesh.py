"""One namespace of Service Connect: a proxy for HTTP, and an address of its own for each name behind which is TCP."""

from collections.abc import Collection

from local_aws.ecs.service_connect.proxy import Proxy, Resolve
from local_aws.host import workplace
from local_aws.host.loopback import Block

NET = 40
NAMES = workplace.TASK_NAMES  # has the module by which a Python program knows the names
Name = tuple[str, int]


class Mesh:
    """`resolve` names the next task behind a name and port of this namespace."""

    def __init__(self, resolve: Resolve) -> None:
        self._proxy = Proxy(resolve)
        self._proxy.start()
        self._blocks: dict[str, Block] = {}
        self._open = set[Name]()

    def environment(self, streams: Collection[Name]) -> dict[str, str]:
        """For a task: HTTP goes through the proxy, the names of `streams` stand for addresses."""
        for host, port in sorted(set(streams) - self._open):
            if host not in self._blocks:
                self._blocks[host] = Block(NET)
            self._proxy.listen(self._blocks[host].address, host, port)
            self._open.add((host, port))
        known = {host: self._blocks[host].address for host, _ in sorted(streams)}
        names = " ".join(f"{host}={address}" for host, address in known.items())
        return self._proxy.environment() | ({"SERVICE_CONNECT_NAMES": names, "PYTHONPATH": str(NAMES)} if names else {})

    def close(self) -> None:
        """Ends the proxy and gives the addresses back."""
        self._proxy.close()
        for block in self._blocks.values():
            block.close()

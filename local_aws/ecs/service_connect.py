"""Service Connect: tasks reach each other's services by name, within one namespace.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html. Names are resolved to
the tasks that production traffic reaches: during a blue/green deployment those of the production revision.

Each namespace has one sidecar for all its tasks: a proxy for HTTP, and an address for each name behind which is TCP.
"""

import asyncio
import itertools
import random
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from local_aws.clock import Clock
from local_aws.ecs.services import deployments, service_state
from local_aws.ecs.services.rollouts import Rollout
from local_aws.ecs.services.service_controller import ServiceController
from local_aws.ecs.services.service_state import namespace_of
from local_aws.host import workplace
from local_aws.host.addresses import Block
from local_aws.ministack_parts.answers import Record

HOST = "127.0.0.1"
ATTEMPTS = 3
CONNECT_WITHIN = 2.0
Endpoint = tuple[str, int]
_HUNG_UP = (ConnectionError, TimeoutError, asyncio.CancelledError)  # by either side, or by us as we close
# Names the next place for a request to host and port; None when the name belongs to no service.
Resolve = Callable[[str, int], Endpoint | None]


class NoUpstreamError(ConnectionError):
    """The service is known, and none of its tasks serves."""


class Proxy:
    """Listens on loopback in one thread: for HTTP as a proxy, for TCP at an address for each name.

    The connection of an HTTP request is closed after the answer.
    """

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="service-connect")
        self._servers: list[asyncio.Server] = []
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def listen(self, address: str, host: str, port: int) -> None:
        """Take connections to this address and port as connections to `host`."""
        opened = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._stream(host, port), address, port), self._loop
        )
        self._servers.append(opened.result())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def environment(self) -> dict[str, str]:
        """Return the variables that send HTTP requests through the proxy, except those to this machine itself."""
        url, direct = f"http://{HOST}:{self.port}", f"{HOST},localhost"
        return {"http_proxy": url, "HTTP_PROXY": url, "no_proxy": direct, "NO_PROXY": direct}

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._handle, HOST, 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for listener in (server, *self._servers):
            listener.close()
        self._loop.run_until_complete(_hang_up(asyncio.all_tasks(self._loop)))

    def _stream(self, host: str, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        """Return a handler that passes bytes on both ways until either side is done; without a task it hangs up."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(*_HUNG_UP, OSError):
                upstream_reader, upstream_writer = await self._connected(host, port)
                both = [
                    asyncio.ensure_future(_pump(reader, upstream_writer)),
                    asyncio.ensure_future(_pump(upstream_reader, writer)),
                ]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for pump in both:
                    pump.cancel()
                upstream_writer.close()
            writer.close()

        return handle

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_HUNG_UP, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            try:
                host, port, request = _rewritten(head)
                upstream_reader, upstream_writer = await self._connected(host, port)
            except (ConnectionError, OSError, ValueError) as error:
                writer.write(_refusal(error))
            else:
                upstream_writer.write(request)
                upload = asyncio.ensure_future(_pump(reader, upstream_writer))
                await _pump(upstream_reader, writer)
                upload.cancel()
                upstream_writer.close()
            await writer.drain()
        writer.close()

    async def _connected(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a task of the service, passing over those that refuse, as Service Connect does."""
        for left in reversed(range(ATTEMPTS)):
            address, target = self._resolve(host, port) or (host, port)
            try:
                return await asyncio.wait_for(asyncio.open_connection(address, target), CONNECT_WITHIN)
            except OSError:
                if not left:
                    raise
        raise NoUpstreamError(f"{host}:{port}")


def _rewritten(head: bytes) -> tuple[str, int, bytes]:
    """Return host, port and the request as its server expects it: `GET /path`, one request per connection."""
    line, _, rest = head.decode("latin-1").partition("\r\n")
    method, target, version = line.split(" ", 2)
    url = urlsplit(target)
    if url.scheme != "http" or not url.hostname:
        raise ValueError(f"only plain HTTP requests are proxied, not {method} {target}")
    headers = [h for h in rest.split("\r\n") if h and not h.lower().startswith(("connection:", "proxy-"))]
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"{method} {path} {version}", *headers, "Connection: close", "", ""]
    return url.hostname, url.port or 80, "\r\n".join(lines).encode("latin-1")


async def _hang_up(connections: Collection["asyncio.Task[Any]"]) -> None:
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()


def _refusal(error: Exception) -> bytes:
    body = f"upstream connect error: {error}".encode()
    head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


NET = 40
NAMES = workplace.TASK_NAMES  # has the module by which a Python program knows the names
Name = tuple[str, int]


class Mesh:
    """The sidecar of one namespace; `resolve` names the next task behind a name and port."""

    def __init__(self, resolve: Resolve) -> None:
        self._proxy = Proxy(resolve)
        self._proxy.start()
        self._blocks: dict[str, Block] = {}
        self._open = set[Name]()

    def environment(self, streams: Collection[Name]) -> dict[str, str]:
        """Return a task's variables: HTTP goes through the proxy, the names of `streams` stand for addresses."""
        for host, port in sorted(set(streams) - self._open):
            if host not in self._blocks:
                self._blocks[host] = Block(NET)
            self._proxy.listen(self._blocks[host].address, host, port)
            self._open.add((host, port))
        addresses = {host: self._blocks[host].address for host, _ in sorted(streams)}
        names = " ".join(f"{host}={address}" for host, address in addresses.items())
        return self._proxy.environment() | ({"SERVICE_CONNECT_NAMES": names, "PYTHONPATH": str(NAMES)} if names else {})

    def close(self) -> None:
        """End the proxy and give the addresses back."""
        self._proxy.close()
        for block in self._blocks.values():
            block.close()


HTTP = ("http", "http2", "grpc")  # of a port mapping's appProtocol; without one it is TCP
_turns = itertools.count()
_meshes: dict[str, Mesh] = {}
_lock = threading.Lock()


def install(_clock: Clock) -> None:
    """Lead the tasks of services with Service Connect to each other."""
    service_state.service_connect[:] = [environment_of]


def close() -> None:
    """Stop the proxies."""
    service_state.service_connect.clear()
    while _meshes:
        _meshes.popitem()[1].close()


def environment_of(namespace: str) -> dict[str, str]:
    """Return the variables of a task that starts now; it does not know names that come later."""
    with _lock:
        if namespace not in _meshes:
            _meshes[namespace] = Mesh(lambda host, port: resolve(namespace, host, port))
        return _meshes[namespace].environment(set(_streams(namespace)))


def resolve(namespace: str, host: str, port: int) -> Endpoint | None:
    """Return the address of the next task behind a client alias or a discovery name; None for any other name."""
    for service, offered in _offered(namespace):
        if (host, port) in _names(service, offered):
            return _endpoint(service, offered)
    return None


def _streams(namespace: str) -> Iterator[tuple[str, int]]:
    """Yield the names, with their ports, behind which TCP is spoken."""
    for service, offered in _offered(namespace):
        mapping = next((mapping for mapping in _mappings(service) if mapping.get("name") == offered["portName"]), {})
        if mapping.get("appProtocol") not in HTTP:
            yield from _names(service, offered)


def _offered(namespace: str) -> Iterator[tuple[ServiceController, Record]]:
    for service in deployments.controllers():
        connect = service.record.get("serviceConnectConfiguration") or {}
        if connect.get("enabled") and namespace_of(connect) == namespace:
            yield from ((service, offered) for offered in connect.get("services") or [])


def _mappings(service: ServiceController) -> Iterator[Record]:
    for rollout in list(service.state.rollouts):
        for container in rollout.revision.definition["containerDefinitions"]:
            yield from container.get("portMappings") or []


def _names(service: ServiceController, offered: Record) -> set[tuple[str, int]]:
    namespace = namespace_of(service.record["serviceConnectConfiguration"])
    name = offered.get("discoveryName") or offered["portName"]
    names = set()
    for alias in offered.get("clientAliases") or []:
        names |= {(alias.get("dnsName") or f"{name}.{namespace}", int(alias["port"]))}
        names |= {(name, int(alias["port"])), (f"{name}.{namespace}", int(alias["port"]))}
    return names


def _endpoint(service: ServiceController, offered: Record) -> Endpoint:
    serving = [rollout for rollout in list(service.state.rollouts) if rollout.healthy]
    weighted = [rollout for rollout in serving if rollout.production_weight > 0]
    if weighted:
        serving = random.choices(weighted, [rollout.production_weight for rollout in weighted])
    tasks = [(task, rollout) for rollout in serving for task in rollout.healthy]
    if not tasks:
        raise NoUpstreamError(f"no healthy upstream: {service.record['serviceName']}")
    task, rollout = tasks[next(_turns) % len(tasks)]
    return task.address, _container_port(rollout, offered["portName"])


def _container_port(rollout: Rollout, name: str) -> int:
    mappings = (m for c in rollout.revision.definition["containerDefinitions"] for m in c.get("portMappings") or [])
    return next(int(mapping["containerPort"]) for mapping in mappings if mapping.get("name") == name)

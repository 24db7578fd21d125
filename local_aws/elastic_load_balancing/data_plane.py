"""The load balancers' data plane: a reverse proxy in a thread of its own, with a socket for each listener."""

import asyncio
import logging
import threading
from contextlib import suppress

from local_aws.clock import Clock
from local_aws.elastic_load_balancing.listener_connection import Behind, ListenerConnection
from local_aws.elastic_load_balancing.load_balancer_metrics import LoadBalancerMetrics
from local_aws.elastic_load_balancing.target_connections import TargetConnections
from local_aws.elastic_load_balancing.target_health import TargetGroups
from local_aws.host import certificates
from local_aws.host.addresses import Block
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record, request_scope
from local_aws.ministack_parts.services import alb

NET = 20
LOOK_EVERY = 0.05
OPEN_WITHIN = 5.0
PRIVILEGED_BELOW, MOVED_BY = 1024, 8000
_log = logging.getLogger("local_aws.load_balancer")


class DataPlane:
    """Keeps a socket for each listener in ministack's records, whoever creates, changes or deletes it."""

    def __init__(self, clock: Clock) -> None:
        self._loop = asyncio.new_event_loop()
        self.groups = TargetGroups(self._loop, clock)
        self._behind = Behind(self.groups, TargetConnections(), LoadBalancerMetrics(self.groups, clock))
        self._blocks: dict[str, Block] = {}
        self._servers: dict[str, tuple[tuple[str, int, bool], asyncio.Server]] = {}
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True, name="load-balancer")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Close every socket and connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        for block in self._blocks.values():
            block.close()

    def place_of(self, listener: Record) -> tuple[str, int]:
        """Return the address on which a listener answers, once it does."""
        arn = listener["ListenerArn"]
        with self._changed:
            if not self._changed.wait_for(lambda: arn in self._servers, timeout=OPEN_WITHIN):
                raise RuntimeError(f"listener {arn} did not open within {OPEN_WITHIN:.0f} s: see the local AWS's log")
            (address, port, _), _ = self._servers[arn]
            return address, port

    def _run(self) -> None:
        with request_scope(embedding.ACCOUNT, embedding.REGION):
            asyncio.set_event_loop(self._loop)
            tasks = [self._loop.create_task(work) for work in (self._follow(), self._behind.metrics.publish_for_ever())]
            self._loop.run_forever()
            for task in tasks:
                task.cancel()

    async def _follow(self) -> None:
        while True:
            try:
                await self._reconcile()
            except OSError:
                _log.exception("a listener could not be opened")
            await asyncio.sleep(LOOK_EVERY)

    async def _reconcile(self) -> None:
        wanted = {listener["ListenerArn"]: listener for listener in alb.listeners.values()}
        for arn, (settings, server) in list(self._servers.items()):
            if arn not in wanted or self._settings(wanted[arn]) != settings:
                server.close()
                del self._servers[arn]
        for arn in wanted.keys() - self._servers.keys():
            await self._open(wanted[arn])
        for group in set(self.groups.groups()) - set(alb.target_groups):
            self.groups.forget(group)
        self._behind.targets.close_all_but(self.groups.places())
        self._free_addresses()

    async def _open(self, listener: Record) -> None:
        settings = address, port, secure = self._settings(listener)
        context = certificates.server_context() if secure else None
        server = await asyncio.start_server(
            lambda reader, writer: self._serve(listener, reader, writer), address, port, ssl=context, backlog=512
        )
        with self._changed:
            self._servers[listener["ListenerArn"]] = (settings, server)
            self._changed.notify_all()

    async def _serve(self, listener: Record, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = ListenerConnection(listener, self._behind, reader, writer)
        with suppress(ConnectionError, asyncio.CancelledError):
            await connection.serve()
        with suppress(ConnectionError):
            writer.close()

    def _settings(self, listener: Record) -> tuple[str, int, bool]:
        port = int(listener["Port"])
        moved = port + MOVED_BY if port < PRIVILEGED_BELOW else port
        return self._block(listener["LoadBalancerArn"]).address, moved, listener["Protocol"] == "HTTPS"

    def _block(self, load_balancer: str) -> Block:
        if load_balancer not in self._blocks:
            self._blocks[load_balancer] = Block(NET)
        return self._blocks[load_balancer]

    def _free_addresses(self) -> None:
        used = {listener["LoadBalancerArn"] for listener in alb.listeners.values()}
        for gone in self._blocks.keys() - used:
            self._blocks.pop(gone).close()

"""One client's connection to a listener: request after request, each to the target that the rules choose.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from time import monotonic
from urllib.parse import parse_qs

from local_aws.elastic_load_balancing import forward_actions
from local_aws.elastic_load_balancing.http_messages import (
    OF_ONE_CONNECTION,
    Head,
    MalformedError,
    framed,
    has_body,
    head_bytes,
    read_body,
    read_head,
    status_line,
)
from local_aws.elastic_load_balancing.load_balancer_metrics import LoadBalancerMetrics
from local_aws.elastic_load_balancing.target_connections import Answer, TargetConnections, TargetError
from local_aws.elastic_load_balancing.target_health import TargetGroups
from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.services import alb


def action_for(listener: str, method: str, target: str, fields: Mapping[str, str]) -> Record:
    """Return the action of the first rule, by priority, whose conditions all hold; the default rule comes last."""
    path, _, query = target.partition("?")
    parameters = parse_qs(query, keep_blank_values=True)
    for rule in _rules(listener):
        conditions = rule["Conditions"]
        if rule["IsDefault"] or all(
            alb.condition_holds(condition, method, path, fields, parameters) for condition in conditions
        ):
            return _last(rule["Actions"])
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}


async def own_answer(action: Record, listener: Record, method: str, target: str, fields: Mapping[str, str]) -> Response:
    """Return the answer of a fixed-response or redirect action: (status, header fields, body)."""
    path, _, query = target.partition("?")
    fields_seen = dict(fields) | {
        "x-forwarded-proto": str(listener["Protocol"]).lower(),
        "x-forwarded-port": str(listener["Port"]),
    }
    response = await alb.execute_action(action, method, path, fields_seen, b"", {}, query)
    return alb.with_server_field(response, listener["ListenerArn"])


def fields_for_target(listener: Record, fields: Mapping[str, str], client: str) -> dict[str, str]:
    """Return the header fields for the target, with those that tell of the client.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    return alb.fields_for_target(listener["LoadBalancerArn"], listener, fields, client)


def _rules(listener: str) -> list[Record]:
    own = [rule for rule in alb.rules.values() if rule["ListenerArn"] == listener]
    return sorted(own, key=alb.rule_order)


def _last(actions: list[Record]) -> Record:
    return max(actions, key=lambda action: int(action.get("Order") or 1))


CLIENT_IDLE = 60.0
NAMES = {400: "Bad Request", 502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


@dataclass(frozen=True)
class Behind:
    """What all listeners share: the targets, the connections to them, and what is counted."""

    groups: TargetGroups
    targets: TargetConnections
    metrics: LoadBalancerMetrics


class ListenerConnection:
    """One client's connection, served until either side closes it."""

    def __init__(
        self, listener: Record, behind: Behind, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._listener, self._behind = listener, behind
        self._reader, self._writer = reader, writer
        self._client = writer.get_extra_info("peername")[0]

    async def serve(self) -> None:
        """Answer requests, one after the other."""
        try:
            while head := await asyncio.wait_for(read_head(self._reader), CLIENT_IDLE):
                keep = head.keeps_alive(head.words[2])
                if not await self._answer(head, await self._body(head), keep=keep) or not keep:
                    return
        except TimeoutError:
            return
        except (MalformedError, ValueError):
            await self._say(400, {}, b"", keep=False)

    async def _body(self, head: Head) -> bytes:
        if head.get("expect").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await read_body(self._reader, head)

    async def _answer(self, head: Head, body: bytes, *, keep: bool) -> bool:
        """Answer a request, and say whether the connection can take another one."""
        method, target, _ = head.words
        fields = dict(head.fields)
        action = action_for(self._listener["ListenerArn"], method, target, fields)
        if action["Type"] != "forward":
            own = await own_answer(action, self._listener, method, target, fields)
            await self._say(*own, keep=keep, method=method)
            return True
        return await self._forward(action, head, body, keep=keep)

    async def _forward(self, action: Record, head: Head, body: bytes, *, keep: bool) -> bool:
        group = forward_actions.pick(action)
        target = self._behind.groups.choose(group) if group else None
        if group is None or target is None:
            await self._say(503, {}, b"", keep=keep)
            return True
        kept = {name: value for name, value in head.fields if name not in OF_ONE_CONNECTION and name != "expect"}
        fields = fields_for_target(self._listener, kept, self._client)
        started = monotonic()
        try:
            async with self._behind.targets.exchange(target, head.words[0], head.words[1], fields, body) as answer:
                took = monotonic() - started
                self._behind.metrics.answered_by_target(
                    self._listener["LoadBalancerArn"], group, answer.head.status, took
                )
                return await self._relay(answer, head, keep=keep)
        except TargetError as failure:
            await self._say(failure.status, {}, b"", keep=keep)
            return True

    async def _relay(self, answer: Answer, request: Head, *, keep: bool) -> bool:
        """Pass the target's answer on as it comes; one of unknown length goes to the client in chunks."""
        head, empty = answer.head, not has_body(request.words[0], answer.head.status)
        fields = [(name, value) for name, value in head.fields if name not in OF_ONE_CONNECTION]
        length = head.get("content-length")
        chunked = not empty and not length
        if length and (not empty or request.words[0] == "HEAD"):
            fields.append(("content-length", length))
        fields.extend([("transfer-encoding", "chunked")] * chunked)
        fields.append(("connection", "keep-alive" if keep else "close"))
        self._writer.write(head_bytes(f"HTTP/1.1 {head.words[1]} {head.words[2]}", tuple(fields)))
        if not empty and not await self._relay_body(answer, chunked=chunked):
            return False
        answer.reusable = (empty or bool(length) or head.chunked) and head.keeps_alive(head.words[0])
        await self._writer.drain()
        return True

    async def _relay_body(self, answer: Answer, *, chunked: bool) -> bool:
        """Pass the body on and say whether all came; when not, the client sees its connection close in the middle."""
        try:
            async for piece in framed(answer.reader, answer.head, until_close=True):
                self._writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                await self._writer.drain()
        except (MalformedError, asyncio.IncompleteReadError, OSError, ValueError):
            return False
        if chunked:
            self._writer.write(b"0\r\n\r\n")
        return True

    async def _say(self, status: int, fields: dict[str, str], body: bytes, *, keep: bool, method: str = "GET") -> None:
        """Send an answer of the load balancer's own."""
        self._behind.metrics.answered_itself(self._listener["LoadBalancerArn"], status)
        if not body and status in NAMES:
            title = f"{status} {NAMES[status]}"
            body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()
            fields = {"Content-Type": "text/html", "Server": "awselb/2.0"} | fields
        fields = {"Date": formatdate(usegmt=True)} | fields | {"Content-Length": str(len(body))}
        fields["Connection"] = "keep-alive" if keep else "close"
        self._writer.write(head_bytes(status_line(status), fields) + (body if method != "HEAD" else b""))
        await self._writer.drain()

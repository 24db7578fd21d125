"""Users' requests to a load balancer, until standard input ends: traffic_program <url> <host> <requests per second>.

A line on standard input names the phase that begins. Standard output carries one line of JSON each half second:
the counts so far, by phase and component. It sends to loopback and nowhere else. As a browser does, users ask for what
a page names, at once or, in a tab left open, later.
"""

import asyncio
import ipaddress
import json
import random
import re
import ssl
import sys
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any, NamedTuple
from urllib.parse import urlsplit


@dataclass
class Span:
    """From the first answer of a version to its last: epoch seconds, and the numbers of those requests among all."""

    first_at: float
    first: int
    last_at: float
    last: int

    def as_dict(self) -> dict[str, Any]:
        """`among` is how many requests of the component were answered in that time, by whichever version."""
        return {"first_at": self.first_at, "last_at": self.last_at, "among": self.last - self.first + 1}


def stretched(span: Span | None, *, at: float, number: int) -> Span:
    """The version has answered once more."""
    return Span(at, number, at, number) if span is None else Span(span.first_at, span.first, at, number)


NAMED = re.compile(rb'(?:src|href)="(/[^"]+)"')
FROM_AN_OPEN_TAB = 0.2  # share of assets that a page seen earlier names


class Asset(NamedTuple):
    """`of` is the digest whose page names it."""

    path: str
    of: str


class Pages:
    """The pages that users have seen in one phase."""

    def __init__(self) -> None:
        self._seen: dict[str, Asset] = {}
        self._due: deque[Asset] = deque()

    def read(self, page: bytes, digest: str) -> None:
        """One asset is due for each page that names some: the page's own, now and then one of an earlier page."""
        named = [match.decode() for match in NAMED.findall(page)]
        for path in named:
            self._seen.setdefault(path, Asset(path, digest))
        if named:
            old = random.random() < FROM_AN_OPEN_TAB
            self._due.append(self._seen[random.choice(list(self._seen) if old else named)])

    def next(self) -> Asset | None:
        """What is to be asked for next, if anything."""
        return self._due.popleft() if self._due else None


PATIENCE = 10.0
CONNECTIONS = 24
REPORT_EVERY = 0.5
KEPT_EXAMPLES = 5
MARKETS = ("BTC-USD", "ETH-USD", "SOL-USD")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Count:
    """What users of one component saw during one phase. A page's asset is `foreign` to a task of another version."""

    requests: int = 0
    failures: int = 0
    assets: Counter[str] = field(default_factory=Counter)
    digests: Counter[str] = field(default_factory=Counter)
    spans: dict[str, Span] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        ranked = sorted(self.milliseconds)
        p95 = round(ranked[int(len(ranked) * 0.95)], 1) if ranked else None
        counts = {"requests": self.requests, "failures": self.failures, "p95_ms": p95}
        assets = {name: self.assets[name] for name in ("asked", "foreign", "missing")}
        spans = {digest: span.as_dict() for digest, span in self.spans.items()}
        told = {"assets": assets, "digests": dict(self.digests), "spans": spans, "examples": self.examples}
        return counts | told

    def answered(self, milliseconds: float, digest: str) -> None:
        self.requests += 1
        self.milliseconds.append(milliseconds)
        self.digests[digest] += 1
        self.spans[digest] = stretched(self.spans.get(digest), at=time(), number=self.requests)

    def asset_answered(self, asset: Asset, digest: str, *, good: bool) -> None:
        foreign = digest not in ("", asset.of)
        self.assets.update(asked=1, foreign=foreign, missing=not good)

    def failed(self, example: str) -> None:
        self.failures += 1
        if len(self.examples) < KEPT_EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True)
class Wish:
    """A request that a user wants to make; for an `asset`, because a page names it."""

    component: str
    method: str
    path: str
    body: bytes = b""
    asset: Asset | None = None


class Users:
    """Sends requests at an even rate over kept-alive connections."""

    def __init__(self, url: str, host: str, rate: float) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "", parts.port or 80)
        if not ipaddress.ip_address(self._place[0]).is_loopback:
            raise ValueError(f"{url}: users' traffic goes to loopback only")
        self._tls = without_verification() if parts.scheme == "https" else None
        self._host, self._rate = host, rate
        self._wishes: asyncio.Queue[Wish] = asyncio.Queue(maxsize=CONNECTIONS * 4)
        self._orders: deque[str] = deque(maxlen=100)
        self._counts: dict[str, dict[str, Count]] = {}
        self._pages = Pages()
        self.phase = "idle"

    async def run(self) -> None:
        """Until standard input ends."""
        users = [asyncio.create_task(self._use()) for _ in range(CONNECTIONS)]
        others = [asyncio.create_task(self._wish()), asyncio.create_task(self._report())]
        await self._follow_phases()
        for task in (*others, *users):
            task.cancel()
        self._print()

    async def _follow_phases(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            self.phase, self._pages = line.decode().strip(), Pages()

    async def _wish(self) -> None:
        """A steady clock: what could not be sent in time is sent as soon as a connection is free."""
        next_at = monotonic()
        while True:
            next_at += 1 / self._rate
            await asyncio.sleep(max(0.0, next_at - monotonic()))
            if self.phase == "idle":
                next_at = monotonic()
            elif not self._wishes.full():
                self._wishes.put_nowait(self._next())

    def _next(self) -> Wish:
        """A quarter pages, a quarter assets, the rest markets and orders."""
        if asset := self._pages.next():
            return Wish("client", "GET", asset.path, asset=asset)
        draw = random.random() * 3
        if draw < 1:
            return Wish("client", "GET", "/")
        if draw < 2.2:
            return Wish("backend", "GET", "/api/v1/markets")
        if draw < 2.6 and self._orders:
            return Wish("backend", "GET", f"/api/v1/orders/{random.choice(self._orders)}")
        order = {
            "market": random.choice(MARKETS),
            "side": random.choice(("buy", "sell")),
            "price": random.randint(95, 105),
            "quantity": random.randint(1, 5),
        }
        return Wish("backend", "POST", "/api/v1/orders", json.dumps(order).encode())

    async def _use(self) -> None:
        streams: Streams | None = None
        while True:
            wish = await self._wishes.get()
            pages = self._pages
            count = self._counts.setdefault(self.phase, {}).setdefault(wish.component, Count())
            began = monotonic()
            try:
                streams, status, digest, body = await asyncio.wait_for(self._ask(streams, wish), PATIENCE)
            except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError) as error:
                _close(streams)
                streams, status, digest, body = None, 0, "", type(error).__name__.encode()
            count.answered((monotonic() - began) * 1000, digest or "none")
            good = 200 <= status < 400
            if wish.asset:
                count.asset_answered(wish.asset, digest, good=good)
            if not good:
                count.failed(f"{wish.method} {wish.path}: {status} {body[:120].decode(errors='replace')}")
            elif wish.path == "/":
                pages.read(body, digest)
            elif wish.method == "POST":
                self._orders.append(json.loads(body)["id"])

    async def _ask(self, kept: Streams | None, wish: Wish) -> tuple[Streams | None, int, str, bytes]:
        """On the kept connection, unless the load balancer has closed it meanwhile for being idle.

        A browser too asks again when a kept connection turns out to be closed under its hands; for a GET only.
        """
        if kept is not None and kept[0].at_eof():
            _close(kept)
            kept = None
        if kept is not None:
            try:
                return await self._exchange(kept, wish)
            except (OSError, asyncio.IncompleteReadError):
                _close(kept)
                if wish.method != "GET":
                    raise
        name = self._host if self._tls else None
        return await self._exchange(
            await asyncio.open_connection(*self._place, ssl=self._tls, server_hostname=name), wish
        )

    async def _exchange(self, streams: Streams, wish: Wish) -> tuple[Streams | None, int, str, bytes]:
        reader, writer = streams
        head = f"{wish.method} {wish.path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(wish.body)}\r\n\r\n"
        writer.write(head.encode() + wish.body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await _body(reader, headers)
        kept: Streams | None = streams
        if headers.get("connection", "").lower() == "close":
            _close(streams)
            kept = None
        return kept, int(lines[0].split(" ")[1]), headers.get("x-release-digest", ""), body

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY)
            self._print()

    def _print(self) -> None:
        phases = {
            phase: {component: count.as_dict() for component, count in components.items()}
            for phase, components in self._counts.items()
        }
        print(json.dumps(phases), flush=True)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(parts)


def _close(streams: Streams | None) -> None:
    if streams is not None:
        with suppress(OSError):
            streams[1].close()


def without_verification() -> ssl.SSLContext:
    """The local load balancer's certificate is signed by nobody, and the traffic never leaves this machine."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    asyncio.run(Users(sys.argv[1], sys.argv[2], float(sys.argv[3])).run())

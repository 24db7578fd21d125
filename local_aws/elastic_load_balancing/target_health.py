"""Targets and their health: what the load balancer knows of each (address, port) of a target group, and how it asks."""

import asyncio
import itertools
from collections.abc import Sequence
from time import monotonic
from typing import Any, NamedTuple

from local_aws.clock import Clock
from local_aws.elastic_load_balancing import forward_actions
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import alb


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


Place = tuple[str, int]

SHORTEST_INTERVAL = 0.1
SHORTEST_OF_HEALTHY = 0.5  # checks are work: one that answers well is not asked more often, whatever the clock's speed
SHORTEST_TIMEOUT = 2.0
DRAIN_LOOK = 0.02

REGISTERING = Finding("Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Finding("Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = Finding("Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_IN_USE = Finding("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")


class Target:
    """One address and port that answers requests, and its latest health."""

    def __init__(self, place: Place) -> None:
        self.address, self.port = place
        self.state, self.finding = "initial", REGISTERING
        self.in_flight = 0
        self._streak: tuple[bool, int] = (True, 0)

    @property
    def well(self) -> bool:
        """Whether it is healthy, and was so when it was last asked."""
        return self.state == "healthy" and self._streak[0]

    def learn(self, finding: Finding | None, *, healthy_after: int, unhealthy_after: int) -> None:
        """Count one health check; a new target needs a single success, one that was unhealthy needs several."""
        passed = finding is None
        self._streak = (passed, self._streak[1] + 1 if self._streak[0] is passed else 1)
        needed = unhealthy_after if not passed else healthy_after if self.state == "unhealthy" else 1
        if self._streak[1] >= needed:
            self.state = "healthy" if passed else "unhealthy"
        if self.state == "initial":
            self.finding = CHECKING
        elif finding is not None:
            self.finding = finding


class TargetGroups:
    """Every target of this local AWS, by group; changes happen in the data plane's loop, reading is safe anywhere."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._loop, self._clock = loop, clock
        self._targets: dict[str, dict[Place, Target]] = {}
        self._turns: dict[str, itertools.count[int]] = {}

    def register(self, group: str, places: Sequence[Place]) -> None:
        """Start health checks of each new target; one that is draining comes back as a new registration."""
        targets = self._targets.setdefault(group, {})
        for place in places:
            target = targets.get(place)
            if target is None or target.state == "draining":
                targets[place] = target = Target(place)
                self._start(self._watch(group, target))

    def deregister(self, group: str, places: Sequence[Place]) -> None:
        """Send no new request from now on; those under way end first."""
        for place in places:
            target = self._targets.get(group, {}).get(place)
            if target is not None and target.state != "draining":
                target.state, target.finding = "draining", DRAINING
                self._start(self._drain(group, target))

    def state(self, group: str, address: str, port: int) -> str:
        """Return the state as DescribeTargetHealth says it; "unused" for a place that is not registered."""
        target = self._targets.get(group, {}).get((address, port))
        return target.state if target is not None else "unused"

    def listed(self, group: str) -> list[Target]:
        """Return every target of a group that has not finished draining."""
        return list(self._targets.get(group, {}).values())

    def choose(self, group: str) -> Target | None:
        """Return the next target in turn, any of them when all are unhealthy; None when there is none."""
        targets = self.listed(group)
        for state in ("healthy", "unhealthy"):
            if candidates := [target for target in targets if target.state == state]:
                turn = next(self._turns.setdefault(group, itertools.count()))
                return candidates[turn % len(candidates)]
        return None

    def forget(self, group: str) -> None:
        """Drop the targets of a group that was deleted."""
        for target in self._targets.pop(group, {}).values():
            target.state = "draining"

    def places(self) -> set[Place]:
        """Return every place at which a target is registered, in whichever group."""
        return {place for targets in self._targets.values() for place in targets}

    def groups(self) -> list[str]:
        return list(self._targets)

    def _start(self, work: Any) -> None:
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(work))

    async def _watch(self, group: str, target: Target) -> None:
        while target.state != "draining" and (settings := alb.target_groups.get(group)):
            started = monotonic()
            if not any(forward_actions.referring(group)):
                target.state, target.finding = "unused", NOT_IN_USE
            else:
                await self._check(settings, target)
            shortest = SHORTEST_OF_HEALTHY if target.well else SHORTEST_INTERVAL
            interval = max(self._clock.real(float(settings["HealthCheckIntervalSeconds"])), shortest)
            await asyncio.sleep(interval - min(monotonic() - started, shortest))

    async def _check(self, settings: Record, target: Target) -> None:
        if target.state == "unused":
            target.state, target.finding = "initial", REGISTERING
        port = settings["HealthCheckPort"]
        timeout = max(self._clock.real(float(settings["HealthCheckTimeoutSeconds"])), SHORTEST_TIMEOUT)
        finding = await probe(
            target.address,
            target.port if port == "traffic-port" else int(port),
            settings["HealthCheckPath"],
            expected=settings["Matcher"]["HttpCode"],
            timeout=timeout,
        )
        if target.state != "draining":
            target.learn(
                finding,
                healthy_after=settings["HealthyThresholdCount"],
                unhealthy_after=settings["UnhealthyThresholdCount"],
            )

    async def _drain(self, group: str, target: Target) -> None:
        """Show the target as draining for the whole delay; its requests are real work: they get its real length."""
        delay = _deregistration_delay(group)
        await asyncio.sleep(self._clock.real(delay))
        deadline = monotonic() + delay
        while target.in_flight and monotonic() < deadline:
            await asyncio.sleep(DRAIN_LOOK)
        targets, place = self._targets.get(group, {}), (target.address, target.port)
        if targets.get(place) is target:
            del targets[place]


def _deregistration_delay(group: str) -> float:
    attributes = {attribute["Key"]: attribute["Value"] for attribute in alb.target_group_attributes.get(group) or []}
    return float(attributes.get("deregistration_delay.timeout_seconds", 300))

"""What a component's gate asks of a new version: the `gate` table of `config/exchange.toml`."""

from collections.abc import Iterator
from math import ceil
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.check import MOST_ROUNDS, Check, Count, rounds_of
from settings.strict import Strict

DAY_MINUTES = 24 * 60

Bake = Annotated[int, Field(ge=1, le=DAY_MINUTES)]
Status = Annotated[int, Field(ge=100, le=599)]


class Probe(Strict):
    """What every task of one service is asked: as users do, and in depth.

    `statuses` is the range of good ones for users; `body` holds the fields that an answer in depth must have (inner
    ones by dots), besides the status 200 and the running digest. `max_error_rate` holds for samples, for answers in
    depth, and for requests that could not be taken, each for itself; `max_errors_in_a_row` rounds may lose more than
    that one after the other, in `max_inconclusive` there may be nobody to ask. `interval_seconds` is the gate's own
    when it is left out; it holds for the bake.
    """

    service: str
    samples_per_round: int = Field(ge=1, le=500)
    min_samples: int = Field(ge=1)
    max_error_rate: float = Field(gt=0, lt=1)
    max_ms: float = Field(gt=0)
    percentile: float = Field(default=95, ge=50, lt=100)
    interval_seconds: Annotated[int, Field(ge=5, le=3600)] | None = None
    max_errors_in_a_row: Count = 3
    max_inconclusive: Count = 10
    statuses: tuple[Status, Status] = (200, 399)
    body: dict[str, str | bool | int] = {"status": "ok"}  # noqa: RUF012 - pydantic copies it

    def every(self, interval_seconds: int) -> int:
        """In how many rounds of a gate with this interval it is asked once."""
        return rounds_of(self.interval_seconds, interval_seconds)

    @model_validator(mode="after")
    def _can_be_good(self) -> Self:
        if self.statuses[0] > self.statuses[1]:
            raise ValueError(
                f"statuses go from {self.statuses[0]} down to {self.statuses[1]}: the lower one comes first"
            )
        return self


class Canary(Strict):
    """How a CANARY service's new version is compared with fresh tasks of the former one.

    `samples` requests go to each side, `at_once` at a time; with fewer than a thousand a bad version may not show
    (docs/contracts.md). A rise up to the limits is no reason to roll back: of latency neither up to its share nor up to
    its milliseconds, for two tasks of one image differ by a few, each being on its own CPU.
    """

    samples: int = Field(ge=1000, le=10_000)
    at_once: int = Field(ge=1, le=100)
    tasks: int = Field(ge=1, le=10)
    max_error_rise: float = Field(gt=0, lt=1)
    max_latency_rise: float = Field(gt=0, le=10)
    max_latency_rise_ms: float = Field(ge=1, le=60_000)


class Gate(Strict):
    """What is asked of a new version while it bakes; the probes also before users meet it."""

    interval_seconds: int = Field(ge=5, le=3600)
    bake_minutes: Bake
    probes: tuple[Probe, ...] = ()
    checks: tuple[Check, ...] = ()
    canary: Canary | None = None

    @property
    def rounds(self) -> int:
        """How often the gate asks in a bake without doubt."""
        return ceil(self.bake_minutes * 60 / self.interval_seconds)

    def probe(self, service: str) -> Probe:
        """That of the service with this key."""
        return next(probe for probe in self.probes if probe.service == service)

    @model_validator(mode="after")
    def _can_conclude(self) -> Self:
        if problem := next(self._endless(), None):
            raise ValueError(problem)
        names = [check.title for check in self.checks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"checks: {', '.join(twice)} is there twice: each needs a name of its own")
        return self

    def _endless(self) -> Iterator[str]:
        """Why a bake could never say PASS."""
        if self.rounds > MOST_ROUNDS:
            yield f"{self.rounds} rounds, allowed are {MOST_ROUNDS}: raise interval_seconds"
        for probe in self.probes:
            rounds = ceil(self.rounds / probe.every(self.interval_seconds))
            if (most := rounds * probe.samples_per_round) < probe.min_samples:
                yield (
                    f"probes: {probe.service!r} gets {rounds} rounds of {probe.samples_per_round} samples, {most} "
                    f"in all, which never reaches its min_samples = {probe.min_samples}: raise bake_minutes or "
                    "samples_per_round"
                )
        for check in self.checks:
            readings = ceil(self.rounds / check.every(self.interval_seconds))
            if readings < check.min_samples:
                yield (
                    f"checks: {check.title!r} is read {readings} times in a bake, which never reaches its "
                    f"min_samples = {check.min_samples}: raise bake_minutes, or lower its interval_seconds"
                )

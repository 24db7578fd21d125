"""What a component's gate asks of a new version: the `gate` table of `config/exchange.toml`."""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from stacks.strict import Strict

DAY_MINUTES = 24 * 60
# A Step Functions execution ends at 25,000 events: doubt doubles the rounds, of ten events each, and what waits for the
# stack and the tasks, forward and back, takes up to 12,000.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_ROUNDS = 600

Bake = Annotated[int, Field(ge=1, le=DAY_MINUTES)]
Count = Annotated[int, Field(ge=0, le=MOST_ROUNDS)]
Statistic = Literal["Average", "Maximum", "Minimum", "Sum", "p50", "p90", "p95", "p99"]


class Metric(Strict):
    """A metric that the component reports of itself (docs/contracts.md), held against `max` or against `min`.

    The tolerances: `max_failures` readings on the wrong side, `max_errors_in_a_row` that could not be taken,
    `max_inconclusive` without data. `interval_seconds` is the gate's own when it is left out.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    metric: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,60}$")]
    statistic: Statistic
    max: float | None = None
    min: float | None = None
    unit: Annotated[str, StringConstraints(max_length=20)] = ""
    interval_seconds: Annotated[int, Field(ge=5, le=3600)] | None = None
    min_samples: Annotated[int, Field(ge=1, le=MOST_ROUNDS)] = 3
    max_failures: Count = 0
    max_errors_in_a_row: Count = 3
    max_inconclusive: Count = 10

    @model_validator(mode="after")
    def _has_one_limit(self) -> Self:
        if (self.max is None) == (self.min is None):
            raise ValueError("one limit is needed: max, the largest good value, or min, the smallest")
        return self

    def every(self, interval_seconds: int) -> int:
        """In how many rounds of a gate with this interval it is read once."""
        return max(1, ceil((self.interval_seconds or interval_seconds) / interval_seconds))


class Gate(Strict):
    """What is asked of a new version while it bakes."""

    interval_seconds: int = Field(ge=5, le=3600)
    bake_minutes: Bake
    samples_per_round: int = Field(ge=1, le=500)
    min_samples: int = Field(ge=1)
    max_error_rate: float = Field(gt=0, lt=1)
    max_p95_ms: float = Field(gt=0)
    metrics: tuple[Metric, ...] = ()

    @property
    def rounds(self) -> int:
        """How often the gate asks in a bake without doubt."""
        return ceil(self.bake_minutes * 60 / self.interval_seconds)

    @model_validator(mode="after")
    def _can_conclude(self) -> Self:
        if self.rounds > MOST_ROUNDS:
            raise ValueError(f"{self.rounds} rounds, allowed are {MOST_ROUNDS}: raise interval_seconds")
        if (most := self.rounds * self.samples_per_round) < self.min_samples:
            raise ValueError(
                f"a bake takes {self.rounds} rounds of {self.samples_per_round} samples, {most} in all, which never "
                f"reaches min_samples = {self.min_samples}: raise bake_minutes or samples_per_round"
            )
        return self

    @model_validator(mode="after")
    def _metrics_can_conclude(self) -> Self:
        for metric in self.metrics:
            readings = ceil(self.rounds / metric.every(self.interval_seconds))
            if readings < metric.min_samples:
                raise ValueError(
                    f"metrics: {metric.name!r} is read {readings} times in a bake, which never reaches its "
                    f"min_samples = {metric.min_samples}: raise bake_minutes, or lower its interval_seconds"
                )
        names = [metric.name for metric in self.metrics]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"metrics: {', '.join(twice)} is named twice: each needs a name of its own")
        return self

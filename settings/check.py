"""What a gate reads once a round: the tables `[[components.<name>.gate.checks]]` of `config/exchange.toml`."""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from settings.strict import Strict

# A Step Functions execution ends at 25,000 events: doubt doubles the rounds, of ten events each, and what waits for the
# stack and the tasks, forward and back, takes up to 12,000.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_ROUNDS = 600

Count = Annotated[int, Field(ge=0, le=MOST_ROUNDS)]
Kind = Literal["metric", "restarts", "unhealthy_tasks", "missing_tasks", "unhealthy_targets", "alarms"]
Statistic = Literal["Average", "Maximum", "Minimum", "Sum", "p50", "p90", "p95", "p99"]


class Check(Strict):
    """A number, held against `max`, the largest good one, or against `min`, the smallest.

    `kind` says which number. A `metric` is what the component reports of itself (docs/contracts.md), and needs `metric`
    and `statistic`; with `max_rise` its limit is what was usual in the hour before the release, raised by that share,
    or `max`, whichever is larger. Of the others:

    - `restarts`: tasks of the version that crashed since the gate began to watch
    - `unhealthy_tasks`: of the version, by their containers' health checks
    - `missing_tasks`: how many of the version there are less than desired
    - `unhealthy_targets`: that users reach, by the load balancer's checks
    - `alarms`: of the component, that are in ALARM; not asked of a rollback

    The tolerances: `max_failures` readings on the wrong side, `max_errors_in_a_row` that could not be taken,
    `max_inconclusive` without data. `interval_seconds` is the gate's own when it is left out.
    """

    kind: Kind
    name: Annotated[str, StringConstraints(max_length=40)] = ""
    metric: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,60}$")] | None = None
    statistic: Statistic | None = None
    max: float | None = None
    min: float | None = None
    max_rise: Annotated[float, Field(gt=0, le=100)] | None = None
    unit: Annotated[str, StringConstraints(max_length=20)] = ""
    interval_seconds: Annotated[int, Field(ge=5, le=3600)] | None = None
    min_samples: Annotated[int, Field(ge=1, le=MOST_ROUNDS)] = 3
    max_failures: Count = 0
    max_errors_in_a_row: Count = 3
    max_inconclusive: Count = 10

    @property
    def title(self) -> str:
        """How reasons call it."""
        return self.name or self.kind.replace("_", " ")

    @model_validator(mode="after")
    def _has_one_limit(self) -> Self:
        if (self.max is None) == (self.min is None):
            raise ValueError("one limit is needed: max, the largest good value, or min, the smallest")
        if self.max_rise is not None and self.max is None:
            raise ValueError("max_rise goes with max, up to which nothing is a finding, whatever was usual")
        return self

    @model_validator(mode="after")
    def _knows_its_number(self) -> Self:
        if self.kind == "metric":
            if not (self.metric and self.statistic and self.name):
                raise ValueError("a metric needs name, metric and statistic")
        elif self.metric or self.statistic or self.max_rise is not None:
            raise ValueError(
                f"metric, statistic and max_rise are for the kind metric, this one is {self.kind}: remove them"
            )
        return self

    def every(self, interval_seconds: int) -> int:
        """In how many rounds of a gate with this interval it is read once."""
        return rounds_of(self.interval_seconds, interval_seconds)


def rounds_of(own: int | None, interval_seconds: int) -> int:
    """One round, or as many as an interval of its own takes."""
    return max(1, ceil((own or interval_seconds) / interval_seconds))

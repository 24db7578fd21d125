"""What a component's gate asks of a new version, and what it tolerates: the `gate` tables of `config/exchange.toml`.

This is the only definition of these keys, with their defaults and bounds. The settings validate the file into these
classes (pydantic reads a field's `metadata` as its bounds), and the functions of a release judge by them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any, Literal

DAY_MINUTES = 24 * 60
# A Step Functions execution ends at 25,000 events: doubt doubles the rounds, of ten events each, and what waits for the
# stack and the tasks, forward and back, takes up to 12,000.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_ROUNDS = 600

CheckKind = Literal["metric", "restarts", "unhealthy_tasks", "missing_tasks", "unhealthy_targets", "alarms"]
Statistic = Literal["Average", "Maximum", "Minimum", "Sum", "p50", "p90", "p95", "p99"]
_COUNT = {"ge": 0, "le": MOST_ROUNDS}
_INTERVAL = {"ge": 5, "le": 3600}
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599


@dataclass(frozen=True)
class Check:
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

    kind: CheckKind
    name: str = field(default="", metadata={"max_length": 40})
    metric: str | None = field(default=None, metadata={"pattern": r"^[A-Za-z][A-Za-z0-9]{0,60}$"})
    statistic: Statistic | None = None
    max: float | None = None
    min: float | None = None
    max_rise: float | None = field(default=None, metadata={"gt": 0, "le": 100})
    unit: str = field(default="", metadata={"max_length": 20})
    interval_seconds: int | None = field(default=None, metadata=_INTERVAL)
    min_samples: int = field(default=3, metadata={"ge": 1, "le": MOST_ROUNDS})
    max_failures: int = field(default=0, metadata=_COUNT)
    max_errors_in_a_row: int = field(default=3, metadata=_COUNT)
    max_inconclusive: int = field(default=10, metadata=_COUNT)

    def __post_init__(self) -> None:
        if (self.max is None) == (self.min is None):
            raise ValueError("one limit is needed: max, the largest good value, or min, the smallest")
        if self.max_rise is not None and self.max is None:
            raise ValueError("max_rise goes with max, up to which nothing is a finding, whatever was usual")
        if self.kind == "metric":
            if not (self.metric and self.statistic and self.name):
                raise ValueError("a metric needs name, metric and statistic")
        elif self.metric or self.statistic or self.max_rise is not None:
            raise ValueError(
                f"metric, statistic and max_rise are for the kind metric, this one is {self.kind}: remove them"
            )

    @property
    def title(self) -> str:
        """Return what reasons call the check."""
        return self.name or self.kind.replace("_", " ")

    @property
    def at_least(self) -> bool:
        """Tell whether the limit is the smallest good value rather than the largest."""
        return self.max is None

    @property
    def limit(self) -> float:
        """Return the one limit that the check has."""
        return (self.min or 0.0) if self.max is None else self.max


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What every task of one service is asked: as users do, and in depth.

    `statuses` is the range of good ones for users; `body` holds the fields that an answer in depth must have (inner
    ones by dots), besides the status 200 and the running digest. `max_error_rate` holds for samples, for answers in
    depth, and for requests that could not be taken, each for itself; `max_errors_in_a_row` rounds may lose more than
    that one after the other, in `max_inconclusive` there may be nobody to ask. `interval_seconds` is the gate's own
    when it is left out; it holds for the bake.
    """

    service: str
    samples_per_round: int = field(metadata={"ge": 1, "le": 500})
    min_samples: int = field(metadata={"ge": 1})
    max_error_rate: float = field(metadata={"gt": 0, "lt": 1})
    max_ms: float = field(metadata={"gt": 0})
    percentile: float = field(default=95, metadata={"ge": 50, "lt": 100})
    interval_seconds: int | None = field(default=None, metadata=_INTERVAL)
    max_errors_in_a_row: int = field(default=3, metadata=_COUNT)
    max_inconclusive: int = field(default=10, metadata=_COUNT)
    statuses: tuple[int, int] = (200, 399)
    body: Mapping[str, str | bool | int] = field(default_factory=lambda: {"status": "ok"})

    def __post_init__(self) -> None:
        lowest, highest = self.statuses
        if lowest > highest:
            raise ValueError(f"statuses go from {lowest} down to {highest}: the lower one comes first")
        if lowest < _LOWEST_STATUS or highest > _HIGHEST_STATUS:
            raise ValueError(
                f"statuses go from {lowest} to {highest}: allowed are whole numbers from {_LOWEST_STATUS} to "
                f"{_HIGHEST_STATUS}"
            )


@dataclass(frozen=True, kw_only=True)
class Canary:
    """How a CANARY service's new version is compared with fresh tasks of the former one.

    `samples` requests go to each side, `at_once` at a time; with fewer than a thousand a bad version may not show
    (docs/contracts.md). `tasks` of the former version are started afresh for it. A rise up to the limits is no reason
    to roll back: of latency neither up to its share nor up to its milliseconds, for two tasks of one image differ by a
    few, each being on its own CPU.
    """

    samples: int = field(metadata={"ge": 1000, "le": 10_000})
    at_once: int = field(metadata={"ge": 1, "le": 100})
    tasks: int = field(metadata={"ge": 1, "le": 10})
    max_error_rise: float = field(metadata={"gt": 0, "lt": 1})
    max_latency_rise: float = field(metadata={"gt": 0, "le": 10})
    max_latency_rise_ms: float = field(metadata={"ge": 1, "le": 60_000})


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What is asked of a new version while it bakes; the probes also before users meet it."""

    interval_seconds: int = field(metadata=_INTERVAL)
    bake_minutes: int = field(metadata={"ge": 1, "le": DAY_MINUTES})
    probes: tuple[Probe, ...] = ()
    checks: tuple[Check, ...] = ()
    canary: Canary | None = None

    @property
    def rounds(self) -> int:
        """Return how often the gate asks in a bake without doubt."""
        return ceil(self.bake_minutes * 60 / self.interval_seconds)

    def probe(self, service: str) -> Probe:
        """Return the probe of the service with this key."""
        return next(probe for probe in self.probes if probe.service == service)

    def every(self, item: Check | Probe) -> int:
        """Return in how many rounds this check or probe is taken once, by an interval of its own if it has one."""
        return max(1, ceil((item.interval_seconds or self.interval_seconds) / self.interval_seconds))

    def due(self, item: Check | Probe, round_: int) -> bool:
        """Tell whether this check or probe is taken in this round; the first round is number 1."""
        return (round_ - 1) % self.every(item) == 0

    def as_dict(self) -> dict[str, Any]:
        """Return the gate as JSON holds it; `gate_of` is the reverse."""
        return asdict(self)


def gate_of(values: Mapping[str, Any]) -> Gate:
    """Return the gate that `as_dict` has written down; what is left out has its default."""
    canary = values.get("canary")
    return Gate(
        interval_seconds=values["interval_seconds"],
        bake_minutes=values["bake_minutes"],
        probes=tuple(_probe(probe) for probe in values.get("probes", ())),
        checks=tuple(Check(**check) for check in values.get("checks", ())),
        canary=Canary(**canary) if canary else None,
    )


def _probe(values: Mapping[str, Any]) -> Probe:
    """Make the range of statuses a pair again: JSON knows lists only."""
    return Probe(**{**values, "statuses": tuple(values["statuses"])} if "statuses" in values else values)

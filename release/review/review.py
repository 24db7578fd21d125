"""Computes all that a reviewer decides on, from the changes alone: pure, and the same whichever way it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.review.broadening import network_findings, permission_findings
from release.review.changes import Finding, Json, Risk, StackChange, ranked, worst
from release.review.cost import Cost, Prices, cost_of, list_prices
from release.review.deployed import Drift, drift_findings
from release.review.replacements import Acknowledgements, replacement_findings
from release.review.restarts import DeployMinutes, Restart, minutes_of, restart_findings, restarts_of
from release.review.safeguards import Obstacle, obstacles_of, safeguard_findings
from release.review.whole_stacks import reference_findings, stack_findings
from settings.loading import Settings


@dataclass(frozen=True)
class Comparison:
    """Says which environment is compared with what.

    `chain` maps the components' stacks to the components' names, in the order in which they go out.
    """

    environment: str
    region: str
    base: str
    chain: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings, base: str) -> "Comparison":
        """Compare the environment of the settings with `base`."""
        chain = {settings.stack_name(component): component for component in settings.chain}
        return cls(settings.environment, settings.region, base, chain)


@dataclass(frozen=True)
class Review:
    """Holds what a reviewer decides on.

    `obstacles` are in the way of undoing the change by deploying the base again; `drift` is None if nobody looked.
    """

    comparison: Comparison
    stacks: tuple[StackChange, ...]
    findings: tuple[Finding, ...]
    restarts: tuple[Restart, ...]
    minutes: DeployMinutes
    cost: Cost
    obstacles: tuple[Obstacle, ...]
    drift: Drift | None
    notes: tuple[str, ...]

    @property
    def risk(self) -> Risk:
        return worst(self.findings)

    @property
    def changes_something(self) -> bool:
        return bool(self.stacks)


def review(
    comparison: Comparison,
    stacks: Sequence[StackChange],
    *,
    prices: Prices | None = None,
    acknowledged: Acknowledgements,
    templates: Mapping[str, Json] | None = None,
    drift: Drift | None = None,
    notes: Sequence[str] = (),
) -> Review:
    """Apply every rule to the same changes; `templates` are those of all stacks, also of unchanged ones.

    `prices` are those of the price table where none are given.
    """
    restarts = restarts_of(stacks, comparison.chain)
    obstacles = tuple(obstacles_of(stacks))
    findings = [
        *replacement_findings(stacks, acknowledged),
        *stack_findings(stacks),
        *reference_findings(stacks, templates or {}),
        *network_findings(stacks),
        *permission_findings(stacks),
        *safeguard_findings(stacks),
        *restart_findings(restarts),
        *drift_findings(drift or Drift()),
    ]
    findings += _obstacle_findings(obstacles, findings)
    minutes, cost = minutes_of(stacks, restarts), cost_of(stacks, comparison.region, prices or list_prices())
    ordered = ranked(findings)
    return Review(comparison, tuple(stacks), ordered, restarts, minutes, cost, obstacles, drift, tuple(notes))


def _obstacle_findings(obstacles: Sequence[Obstacle], findings: Sequence[Finding]) -> list[Finding]:
    """Find obstacles of resources without another finding: what cannot be undone is worth a look for that alone."""
    known = {finding.subject for finding in findings}
    unknown = (obstacle for obstacle in obstacles if obstacle.subject not in known)
    return [Finding(Risk.LOOK, "going back", obstacle.subject, obstacle.text) for obstacle in unknown]

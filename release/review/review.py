"""All that a reviewer decides on, from the changes alone: pure, and the same whichever way it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.review.acknowledgements import Acknowledged
from release.review.changes import Json, StackChange
from release.review.cost import Cost, Prices, cost_of
from release.review.drift import Drift, drift_findings
from release.review.findings import Finding, Risk, ranked, worst
from release.review.minutes import Minutes, minutes_of
from release.review.network import network_findings
from release.review.obstacles import Obstacle, obstacles_of
from release.review.permissions import permission_findings
from release.review.references import reference_findings
from release.review.replacements import replacement_findings
from release.review.restarts import Restart, restart_findings, restarts_of
from release.review.safeguards import safeguard_findings
from release.review.whole_stacks import stack_findings


@dataclass(frozen=True)
class Setting:
    """Of which environment, against what; `chain` is the components' stacks with the components' names, in order."""

    environment: str
    region: str
    base: str
    chain: Mapping[str, str]


@dataclass(frozen=True)
class Review:
    """`obstacles` are in the way of undoing it by deploying the base again; `drift` is None if nobody looked."""

    setting: Setting
    stacks: tuple[StackChange, ...]
    findings: tuple[Finding, ...]
    restarts: tuple[Restart, ...]
    minutes: Minutes
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
    setting: Setting,
    stacks: Sequence[StackChange],
    *,
    prices: Prices,
    acknowledged: Acknowledged,
    templates: Mapping[str, Json] | None = None,
    drift: Drift | None = None,
    notes: Sequence[str] = (),
) -> Review:
    """Every rule, over the same changes; `templates` are those of all stacks, also of those that stay as they are."""
    restarts = restarts_of(stacks, setting.chain)
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
    findings += _not_said_yet(obstacles, findings)
    minutes, cost = minutes_of(stacks, restarts), cost_of(stacks, setting.region, prices)
    ordered = ranked(findings)
    return Review(setting, tuple(stacks), ordered, restarts, minutes, cost, obstacles, drift, tuple(notes))


def _not_said_yet(obstacles: Sequence[Obstacle], findings: Sequence[Finding]) -> list[Finding]:
    """What cannot be undone is worth a look for that alone."""
    known = {finding.subject for finding in findings}
    return [Finding(Risk.LOOK, "going back", one.subject, one.text) for one in obstacles if one.subject not in known]

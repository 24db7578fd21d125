"""Computes all that a reviewer decides on, from the changes alone: pure, and the same whichever way it is shown.

Most rules are in modules of their own; those about whole stacks are here: stacks that come or go, conditions that
read otherwise, and stacks that `cdk deploy` passes over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from release.review.broadening import network_findings, permission_findings
from release.review.changes import Finding, Json, Risk, StackChange, ranked, worst
from release.review.cost import Cost, Prices, cost_of, list_prices
from release.review.deployed import Drift, drift_findings
from release.review.replacements import Acknowledgements, replacement_findings
from release.review.restarts import DeployMinutes, Restart, minutes_of, restart_findings, restarts_of
from release.review.safeguards import Obstacle, obstacles_of, safeguard_findings
from settings.loading import Settings

STACKS, REFERENCES = "stacks", "references"


def stack_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """Find stacks that leave the application and conditions that change.

    `cdk deploy` creates a stack that is new; a stack that is no longer in the application it leaves where it is.
    """
    for stack in stacks:
        if stack.new is None:
            text = f"no longer in the application, with {len(stack.changes)} resources: `cdk deploy` leaves it as it is"
            yield Finding(Risk.LOOK, STACKS, stack.name, f"{text}, until somebody deletes it")
        elif stack.old is not None:
            yield from _changed_conditions(stack)


def _changed_conditions(stack: StackChange) -> Iterator[Finding]:
    """Find conditions of another text; whether a condition is true the text does not tell.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
    """
    before, after = (side.get("Conditions", {}) for side in (stack.before, stack.after))
    for name in sorted(before.keys() & after.keys()):
        if before[name] == after[name]:
            continue
        depending = [id_ for id_, entry in stack.after["Resources"].items() if entry.get("Condition") == name]
        text = f"condition {name} reads otherwise: where it comes to be false, {', '.join(depending) or 'nothing'} goes"
        yield Finding(Risk.LOOK, STACKS, stack.name, text)


def reference_findings(stacks: Sequence[StackChange], templates: Mapping[str, Json]) -> Iterator[Finding]:
    """Find stacks that refer to what another stack replaces, and whose own template is the same.

    A reference between stacks is read when the stack that holds it is updated, and `cdk deploy` passes over a stack
    whose own template is the same: https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
    `templates` are the new ones as they are written: where one equals the old one, only its references have changed.
    """
    for stack in stacks:
        if stack.old is not None and templates.get(stack.name) == stack.old:
            text = "what it refers to is replaced, and its own template stays as it is, so `cdk deploy` passes over it"
            yield Finding(Risk.LOOK, REFERENCES, stack.name, f"{text}: `cdk deploy --force {stack.name}` afterwards")


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
    subjects = {finding.subject for finding in findings}
    others = (obstacle for obstacle in obstacles if obstacle.subject not in subjects)
    return [Finding(Risk.LOOK, "going back", obstacle.subject, obstacle.text) for obstacle in others]

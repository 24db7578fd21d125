"""How much of a release the chain takes for itself, beside what it was told to wait for and what processes need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rehearsal.stage import Stage
from rehearsal.story_parts.service_deployments import Deployment, last_deployment
from rehearsal.story_parts.story import Figure
from rehearsal.story_parts.visits import Visit, visits_of
from release_engine.ledger import Release

NAME, LIMIT = "percentage of a release that the chain takes for itself", 25.0
BAKING = ("WaitForSamples", "Bake")  # the bake that was declared: its intervals, and the samples taken in between


@dataclass(frozen=True)
class Spent:
    """In seconds of this machine: `deployed` while ECS started, baked and stopped tasks, `baked` beyond that."""

    baked: float
    deployed: float


def of_chain(stage: Stage, releases: Iterable[Release], seconds: float) -> Figure:
    """`seconds` is what the whole command took, which started them one after the other."""
    return figure(seconds, [_spent(stage, release) for release in releases])


def figure(seconds: float, spent: Sequence[Spent]) -> Figure:
    """Nothing is divided here that is not divided there: the chain's own work is held against shortened waits."""
    if not spent or seconds <= 0:
        return Figure(NAME, None, LIMIT, "%", "nothing was released")
    baked, deployed = sum(one.baked for one in spent), sum(one.deployed for one in spent)
    own = max(0.0, seconds - baked - deployed)
    seen = f"{own:.1f} of {seconds:.1f} s; {baked:.1f} s baking, {deployed:.1f} s while ECS replaced and baked tasks"
    return Figure(NAME, round(100 * own / seconds, 1), LIMIT, "%", seen)


def spent(visits: Sequence[Visit], deployments: Iterable[Deployment]) -> Spent:
    """Of one release; deployments of one component run side by side, so what they have in common counts once."""
    began, ended = visits[0].entered, visits[-1].left
    parts = [(max(one.started, began), min(one.finished, ended)) for one in deployments]
    parts = [part for part in parts if part[0] < part[1]]
    bakes = [(visit.entered, visit.left) for visit in visits if visit.state in BAKING]
    deployed = covered(parts)
    return Spent(covered([*parts, *bakes]) - deployed, deployed)


def _spent(stage: Stage, release: Release) -> Spent:
    services = stage.settings.components[release.component].services.values()
    return spent(visits_of(stage, release), [last_deployment(stage, service.name) for service in services])


def covered(parts: Iterable[tuple[float, float]]) -> float:
    """How long at least one of these lasted."""
    total, until = 0.0, float("-inf")
    for began, ended in sorted(parts):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total

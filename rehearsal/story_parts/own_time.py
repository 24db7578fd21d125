"""How much of a release, or of the way from a commit to production, the chain takes for itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rehearsal.pipeline_runs import Action, Run
from rehearsal.stage import Stage
from rehearsal.story_parts.moments import Deployment, Visit, last_deployment, visits_of
from rehearsal.story_parts.story import Figure
from release_engine.ledger import Release

NAME, LIMIT = "percentage of a release that the chain takes for itself", 25.0
BAKING = ("WaitForSamples", "Bake")  # the bake that was declared: its intervals, and the samples taken in between
PUSH_NAME = "percentage of the way from a commit to production that the chain takes for itself"
Span = tuple[float, float]


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


def of_push(environments: Iterable[Stage], run: Run, approval: tuple[str, str]) -> Figure:
    """From the first action to the last. Taken off: a person's approval, builds as processes, deployments and bakes."""
    actions = [one for one in run.actions() if one.ended is not None]
    if not actions:
        return Figure(PUSH_NAME, None, LIMIT, "%", "the pipeline did nothing")
    whole = max(one.ended or 0.0 for one in actions) - min(one.began for one in actions)
    waited = [_span(one) for one in actions if (one.stage, one.name) == approval]
    built, released = list(_build_spans(run, actions)), list(_release_spans(environments, run))
    own = whole - covered([*waited, *built, *released])
    seen = (
        f"{own:.1f} of {whole:.1f} s; {covered(waited):.1f} s for the approval, {covered(built):.1f} s building and "
        f"testing, {covered(released):.1f} s while ECS replaced and baked tasks"
    )
    return Figure(PUSH_NAME, round(100 * own / whole, 1), LIMIT, "%", seen)


def _span(action: Action) -> Span:
    return action.began, action.ended or action.began


def _build_spans(run: Run, actions: Sequence[Action]) -> Iterator[Span]:
    """While processes of a build ran: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html"""
    ids = [one.external_id for one in actions if one.is_build]
    for build in run.stage.client("codebuild").batch_get_builds(ids=ids)["builds"] if ids else []:
        yield build["startTime"].timestamp(), build["endTime"].timestamp()


def _release_spans(environments: Iterable[Stage], run: Run) -> Iterator[Span]:
    """While ECS replaced tasks, and while the gate baked."""
    for stage in environments:
        for name, component in stage.settings.components.items():
            release = stage.latest(name)
            if release is None or release.requested_by != f"pipeline:{run.execution}":
                continue
            yield from ((visit.entered, visit.left) for visit in visits_of(stage, release) if visit.state in BAKING)
            for service in component.services.values():
                deployment = last_deployment(stage, service.name)
                yield deployment.started, deployment.finished

"""How much of the way from a commit to production the chain takes for itself."""

from collections.abc import Iterable, Iterator, Sequence

from rehearsal.pipeline_runs import Action, Run
from rehearsal.stage import Stage
from rehearsal.story_parts.own_time import BAKING, LIMIT, covered
from rehearsal.story_parts.service_deployments import last_deployment
from rehearsal.story_parts.story import Figure
from rehearsal.story_parts.visits import visits_of

NAME = "percentage of the way from a commit to production that the chain takes for itself"
Span = tuple[float, float]


def of_push(environments: Iterable[Stage], run: Run, approval: tuple[str, str]) -> Figure:
    """From the first action to the last. Taken off: a person's approval, builds as processes, deployments and bakes."""
    actions = [one for one in run.actions() if one.ended is not None]
    if not actions:
        return Figure(NAME, None, LIMIT, "%", "the pipeline did nothing")
    whole = max(one.ended or 0.0 for one in actions) - min(one.began for one in actions)
    waited = [_span(one) for one in actions if (one.stage, one.name) == approval]
    built, released = list(_builds(run, actions)), list(_releases(environments, run))
    own = whole - covered([*waited, *built, *released])
    seen = (
        f"{own:.1f} of {whole:.1f} s; {covered(waited):.1f} s for the approval, {covered(built):.1f} s building and "
        f"testing, {covered(released):.1f} s while ECS replaced and baked tasks"
    )
    return Figure(NAME, round(100 * own / whole, 1), LIMIT, "%", seen)


def _span(action: Action) -> Span:
    return action.began, action.ended or action.began


def _builds(run: Run, actions: Sequence[Action]) -> Iterator[Span]:
    """While processes of a build ran: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html"""
    ids = [one.external_id for one in actions if one.is_build]
    for build in run.stage.client("codebuild").batch_get_builds(ids=ids)["builds"] if ids else []:
        yield build["startTime"].timestamp(), build["endTime"].timestamp()


def _releases(environments: Iterable[Stage], run: Run) -> Iterator[Span]:
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

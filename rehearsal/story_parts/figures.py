"""Computes figures: how fast a bad version is undone, how many users meet it, what time the chain takes for itself.

The rehearsal shortens waits. A figure in gate intervals counts the machine's waits and the canary's step in full, and
work as long as it took here: so long all would take in the cloud.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.pipeline_runs import Action, Run
from rehearsal.stage import Stage
from rehearsal.story_parts.moments import Call, Deployment, Visit, cloud_seconds, last_deployment, visits_of
from rehearsal.story_parts.story import Figure, Promise
from release_engine.ledger import Release
from release_engine.significance import binomial_greater

OWN_TIME, OWN_TIME_LIMIT = "percentage of a release that the chain takes for itself", 25.0
BAKING = ("WaitForSamples", "Bake")  # the states of the bake that the settings declare
PUSH_NAME = "percentage of the way from a commit to production that the chain takes for itself"
TimeSpan = tuple[float, float]


@dataclass(frozen=True)
class Spent:
    """Seconds, measured here, of a release that the chain cannot save.

    `deployed`: while ECS started, baked and stopped tasks. `baked`: while only the release machine baked.
    """

    baked: float
    deployed: float


def own_time_of_chain(stage: Stage, releases: Iterable[Release], seconds: float) -> Figure:
    """Return which percentage of a command that released several components was the chain's own.

    `seconds` is how long the whole command took.
    """
    return own_time_figure(seconds, [_spent(stage, release) for release in releases])


def own_time_figure(seconds: float, spent: Sequence[Spent]) -> Figure:
    """Return the percentage of `seconds` in which nobody baked or deployed.

    The waits in `seconds` and in `spent` are shortened alike, so the chain looks worse than in the cloud.
    """
    if not spent or seconds <= 0:
        return Figure(OWN_TIME, None, OWN_TIME_LIMIT, "%", "nothing was released")
    baked, deployed = sum(part.baked for part in spent), sum(part.deployed for part in spent)
    own = max(0.0, seconds - baked - deployed)
    seen = f"{own:.1f} of {seconds:.1f} s; {baked:.1f} s baking, {deployed:.1f} s while ECS replaced and baked tasks"
    return Figure(OWN_TIME, round(100 * own / seconds, 1), OWN_TIME_LIMIT, "%", seen)


def spent(visits: Sequence[Visit], deployments: Iterable[Deployment]) -> Spent:
    """Return what one release spent; deployments of a component run side by side, so common time counts once."""
    began, ended = visits[0].entered, visits[-1].left
    spans = [(max(deployment.started, began), min(deployment.finished, ended)) for deployment in deployments]
    spans = [span for span in spans if span[0] < span[1]]
    bakes = [(visit.entered, visit.left) for visit in visits if visit.state in BAKING]
    deployed = covered(spans)
    return Spent(covered([*spans, *bakes]) - deployed, deployed)


def _spent(stage: Stage, release: Release) -> Spent:
    services = stage.settings.components[release.component].services.values()
    return spent(visits_of(stage, release), [last_deployment(stage, service.name) for service in services])


def covered(spans: Iterable[TimeSpan]) -> float:
    """Return for how many seconds at least one of the spans lasted."""
    total, until = 0.0, float("-inf")
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


def own_time_of_push(environments: Iterable[Stage], run: Run, approval: tuple[str, str]) -> Figure:
    """Return which percentage of the time from a push's first action to its last was the chain's own.

    Not the chain's own are the person's approval (stage and action), the processes of builds, deployments and bakes.
    """
    actions = [action for action in run.actions() if action.ended is not None]
    if not actions:
        return Figure(PUSH_NAME, None, OWN_TIME_LIMIT, "%", "the pipeline did nothing")
    whole = max(action.ended or 0.0 for action in actions) - min(action.began for action in actions)
    waited = [(a.began, a.ended or a.began) for a in actions if (a.stage, a.name) == approval]
    built, released = list(_build_spans(run, actions)), list(_release_spans(environments, run))
    own = whole - covered([*waited, *built, *released])
    seen = (
        f"{own:.1f} of {whole:.1f} s; {covered(waited):.1f} s for the approval, {covered(built):.1f} s building and "
        f"testing, {covered(released):.1f} s while ECS replaced and baked tasks"
    )
    return Figure(PUSH_NAME, round(100 * own / whole, 1), OWN_TIME_LIMIT, "%", seen)


def _build_spans(run: Run, actions: Sequence[Action]) -> Iterator[TimeSpan]:
    """Yield when the processes of builds ran.

    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
    """
    ids = [action.external_id for action in actions if action.is_build]
    for build in run.stage.client("codebuild").batch_get_builds(ids=ids)["builds"] if ids else []:
        yield build["startTime"].timestamp(), build["endTime"].timestamp()


def _release_spans(environments: Iterable[Stage], run: Run) -> Iterator[TimeSpan]:
    """Yield when ECS replaced tasks, and when the release machine baked, for the releases of this execution."""
    for stage in environments:
        for name, component in stage.settings.components.items():
            release = stage.latest(name)
            if release is None or release.requested_by != f"pipeline:{run.execution}":
                continue
            yield from ((visit.entered, visit.left) for visit in visits_of(stage, release) if visit.state in BAKING)
            for service in component.services.values():
                deployment = last_deployment(stage, service.name)
                yield deployment.started, deployment.finished


INTERVALS = "gate intervals"
REACTION = "gate intervals from the first bad sample to the start of the rollback"
BACK = "gate intervals from a canary's first bad sample until blue has everything again"
EXPOSURE = "gate intervals in which users meet a bad canary"
FLIP = "seconds from the decision to all traffic on the old version, inside the bake"
SHARE = "a bad canary answers no more than its share of users' requests"
LONGEST_REACTION, LONGEST_WAY_BACK, LONGEST_FLIP = 2.0, 3.0, 5.0
BEGINS = ("StopDeployment", "RollBackExecuteChangeSet")  # in these states ECS is told to go back
CHANCE = 0.001  # the load balancer draws lots for each request: a share that is likelier than this is no mistake


def reaction_of_the_bake(visits: Sequence[Visit], *, interval: float, speed: float) -> Figure:
    """Return how long the bake took from the beginning of its first bad round to the start of the rollback.

    `interval` is the gate's, in seconds.
    """
    rounds = [index for index, visit in enumerate(visits) if visit.state == "Bake" and _bad(visit)]
    ends = [index for index, visit in enumerate(visits) if visit.state in BEGINS]
    if not rounds or not ends:
        return _unmeasured(REACTION, LONGEST_REACTION, f"{len(rounds)} bad rounds, {len(ends)} rollbacks")
    seconds = cloud_seconds(visits[rounds[0] : ends[0]], speed)
    here = visits[ends[0]].entered - visits[rounds[0]].entered
    return _intervals(REACTION, LONGEST_REACTION, seconds, interval, f"the bake, {here:.1f} s here")


def reaction_of_the_hook(call: Call | None, decided: float | None, *, interval: float) -> Figure:
    """Return how long it took from the beginning of the gate's call that said FAILED to ECS's decision to go back."""
    if call is None or decided is None:
        return _unmeasured(REACTION, LONGEST_REACTION, "ECS did not roll back" if call else "nobody asked the gate")
    return _intervals(REACTION, LONGEST_REACTION, decided - call.began, interval, "the hook")


def flip(decided: float | None, span: Mapping[str, float]) -> Figure:
    """Return the seconds, measured here, from ECS's decision to the last answer of the bad version.

    `span` is `Scene.span` of that version.
    """
    if decided is None or not span:
        why = "ECS did not roll back" if decided is None else "it answered nobody, so there was nothing to put back"
        return _unmeasured(FLIP, LONGEST_FLIP, why, "s")
    return Figure(FLIP, round(max(0.0, span["last_at"] - decided), 3), LONGEST_FLIP, "s")


def canary_share(met: int, span: Mapping[str, float], percent: int) -> Promise:
    """Promise that a canary answered no more requests than its percentage, and chance, explain.

    `met` is how many it answered, `span` is `Scene.span` of it.
    """
    if not span:
        return Promise(SHARE, False, "it answered nobody, so it was no canary")
    among = int(span["among"])
    most = next(count for count in range(among, -1, -1) if binomial_greater(count, among, percent / 100) >= CHANCE)
    seen = f"{met} of at most {most} requests, {met / among:.1%} of {among}, at {percent}%"
    return Promise(SHARE, met <= most, seen)


def canary_back(call: Call | None, decided: float | None, span: Mapping[str, float], *, interval: float) -> Figure:
    """Return how long it took from the gate's call that refused the canary until blue had all users again.

    That is ECS's decision to go back, or the last answer of the canary if that came later.
    """
    if call is None or decided is None or not span:
        return _unmeasured(BACK, LONGEST_WAY_BACK, "nobody met it, or nobody undid it")
    seconds = max(decided, span["last_at"]) - call.began
    return _intervals(BACK, LONGEST_WAY_BACK, seconds, interval, f"{seconds:.1f} s here")


def canary_exposure(span: Mapping[str, float], *, step_seconds: float, interval: float, speed: float) -> Figure:
    """Return how long users met the canary, from its first answer to its last; at most its step and the way back.

    `step_seconds` is the step as long as in the cloud.
    """
    limit = step_seconds / interval + LONGEST_WAY_BACK
    if not span:
        return _unmeasured(EXPOSURE, limit, "it answered nobody, so it was no canary")
    here = span["last_at"] - span["first_at"]
    waited = min(here * speed, step_seconds)
    seconds = waited + here - waited / speed
    return _intervals(EXPOSURE, limit, seconds, interval, f"{here:.1f} s here")


def _intervals(name: str, limit: float, seconds: float, interval: float, seen: str) -> Figure:
    return Figure(name, round(seconds / interval, 3), limit, INTERVALS, f"{seen}, {seconds:.1f} s in the cloud")


def _unmeasured(name: str, limit: float, why: str, unit: str = INTERVALS) -> Figure:
    return Figure(name, None, limit, unit, why)


def _bad(visit: Visit) -> bool:
    """Whether this round of the bake, or one before it, saw anything bad."""
    bake = visit.output.get("bake") or {}
    return bake.get("verdict") == "FAIL" or any(_counts(bake))


def _counts(bake: Mapping[str, object]) -> Iterator[int]:
    for saw in _parts(bake, "seen"):
        yield from (int(saw.get(key) or 0) for key in ("errors", "unready"))
        yield len(saw.get("other_digests") or ())
    yield from (int(tally.get("failures") or 0) for tally in _parts(bake, "checked"))


def _parts(bake: Mapping[str, object], key: str) -> Iterable[Mapping[str, Any]]:
    parts = bake.get(key)
    return parts.values() if isinstance(parts, Mapping) else ()

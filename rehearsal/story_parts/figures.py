"""The figures of stories: how fast a bad version is undone and whom it meets, and what time the chain takes for itself.

Where a figure counts gate intervals, the machine's waits and the canary's step count undivided, and work as it is: so
long it would take in the cloud.
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
BAKING = ("WaitForSamples", "Bake")  # the bake that was declared: its intervals, and the samples taken in between
PUSH_NAME = "percentage of the way from a commit to production that the chain takes for itself"
TimeSpan = tuple[float, float]


@dataclass(frozen=True)
class Spent:
    """In seconds of this machine: `deployed` while ECS started, baked and stopped tasks, `baked` beyond that."""

    baked: float
    deployed: float


def own_time_of_chain(stage: Stage, releases: Iterable[Release], seconds: float) -> Figure:
    """`seconds` is what the whole command took, which started them one after the other."""
    return own_time_figure(seconds, [_spent(stage, release) for release in releases])


def own_time_figure(seconds: float, spent: Sequence[Spent]) -> Figure:
    """Nothing is divided here that is not divided there: the chain's own work is held against shortened waits."""
    if not spent or seconds <= 0:
        return Figure(OWN_TIME, None, OWN_TIME_LIMIT, "%", "nothing was released")
    baked, deployed = sum(one.baked for one in spent), sum(one.deployed for one in spent)
    own = max(0.0, seconds - baked - deployed)
    seen = f"{own:.1f} of {seconds:.1f} s; {baked:.1f} s baking, {deployed:.1f} s while ECS replaced and baked tasks"
    return Figure(OWN_TIME, round(100 * own / seconds, 1), OWN_TIME_LIMIT, "%", seen)


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


def own_time_of_push(environments: Iterable[Stage], run: Run, approval: tuple[str, str]) -> Figure:
    """From the first action to the last. Taken off: a person's approval, builds as processes, deployments and bakes."""
    actions = [one for one in run.actions() if one.ended is not None]
    if not actions:
        return Figure(PUSH_NAME, None, OWN_TIME_LIMIT, "%", "the pipeline did nothing")
    whole = max(one.ended or 0.0 for one in actions) - min(one.began for one in actions)
    waited = [_span(one) for one in actions if (one.stage, one.name) == approval]
    built, released = list(_build_spans(run, actions)), list(_release_spans(environments, run))
    own = whole - covered([*waited, *built, *released])
    seen = (
        f"{own:.1f} of {whole:.1f} s; {covered(waited):.1f} s for the approval, {covered(built):.1f} s building and "
        f"testing, {covered(released):.1f} s while ECS replaced and baked tasks"
    )
    return Figure(PUSH_NAME, round(100 * own / whole, 1), OWN_TIME_LIMIT, "%", seen)


def _span(action: Action) -> TimeSpan:
    return action.began, action.ended or action.began


def _build_spans(run: Run, actions: Sequence[Action]) -> Iterator[TimeSpan]:
    """While processes of a build ran: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html"""
    ids = [one.external_id for one in actions if one.is_build]
    for build in run.stage.client("codebuild").batch_get_builds(ids=ids)["builds"] if ids else []:
        yield build["startTime"].timestamp(), build["endTime"].timestamp()


def _release_spans(environments: Iterable[Stage], run: Run) -> Iterator[TimeSpan]:
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


INTERVALS = "gate intervals"
REACTION = "gate intervals from the first bad sample to the start of the rollback"
BACK = "gate intervals from a canary's first bad sample until blue has everything again"
EXPOSURE = "gate intervals in which users meet a bad canary"
FLIP = "seconds from the decision to all traffic on the old version, inside the bake"
SHARE = "a bad canary answers no more than its share of users' requests"
LONGEST_REACTION, LONGEST_WAY_BACK, LONGEST_FLIP = 2.0, 3.0, 5.0
BEGINS = ("StopDeployment", "RollBackExecuteChangeSet")  # with these ECS goes back; all before them is deciding
CHANCE = 0.001  # the load balancer draws for each request: what is likelier than this is no mistake of the canary


def reaction_of_the_bake(visits: Sequence[Visit], *, interval: float, speed: float) -> Figure:
    """From the beginning of the first round that saw something bad; `interval` in seconds."""
    rounds = [place for place, visit in enumerate(visits) if visit.state == "Bake" and _bad(visit)]
    ends = [place for place, visit in enumerate(visits) if visit.state in BEGINS]
    if not rounds or not ends:
        return _unmeasured(REACTION, LONGEST_REACTION, f"{len(rounds)} bad rounds, {len(ends)} rollbacks")
    seconds = cloud_seconds(visits[rounds[0] : ends[0]], speed)
    here = visits[ends[0]].entered - visits[rounds[0]].entered
    return _intervals(REACTION, LONGEST_REACTION, seconds, interval, f"the bake, {here:.1f} s here")


def reaction_of_the_hook(call: Call | None, decided: float | None, *, interval: float) -> Figure:
    """From the beginning of the call that said FAILED, whose samples none waited for, to ECS's decision."""
    if call is None or decided is None:
        return _unmeasured(REACTION, LONGEST_REACTION, "ECS did not roll back" if call else "nobody asked the gate")
    return _intervals(REACTION, LONGEST_REACTION, decided - call.began, interval, "the hook")


def flip(decided: float | None, span: Mapping[str, float]) -> Figure:
    """To the last answer of the bad version, in seconds of this machine."""
    if decided is None or not span:
        why = "ECS did not roll back" if decided is None else "it answered nobody, so there was nothing to put back"
        return _unmeasured(FLIP, LONGEST_FLIP, why, "s")
    return Figure(FLIP, round(max(0.0, span["last_at"] - decided), 3), LONGEST_FLIP, "s")


def canary_share(met: int, span: Mapping[str, float], percent: int) -> Promise:
    """From its first answer to its last, a canary has at most what chance makes of its percentage of the requests."""
    if not span:
        return Promise(SHARE, False, "it answered nobody, so it was no canary")
    among = int(span["among"])
    most = next(count for count in range(among, -1, -1) if binomial_greater(count, among, percent / 100) >= CHANCE)
    seen = f"{met} of at most {most} requests, {met / among:.1%} of {among}, at {percent}%"
    return Promise(SHARE, met <= most, seen)


def canary_back(call: Call | None, decided: float | None, span: Mapping[str, float], *, interval: float) -> Figure:
    """From the beginning of the call that refused the canary to ECS's way back, or its last answer if that is later."""
    if call is None or decided is None or not span:
        return _unmeasured(BACK, LONGEST_WAY_BACK, "nobody met it, or nobody undid it")
    seconds = max(decided, span["last_at"]) - call.began
    return _intervals(BACK, LONGEST_WAY_BACK, seconds, interval, f"{seconds:.1f} s here")


def canary_exposure(span: Mapping[str, float], *, step_seconds: float, interval: float, speed: float) -> Figure:
    """From the first answer of the canary to its last: no longer than its step, and the way back.

    `step_seconds` is the step, undivided.
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
    """This round, or one before it, has seen something that is not as it should be."""
    bake = visit.output.get("bake") or {}
    return bake.get("verdict") == "FAIL" or any(_counts(bake))


def _counts(bake: Mapping[str, object]) -> Iterator[int]:
    for saw in _parts(bake, "seen"):
        yield from (int(saw.get(key) or 0) for key in ("errors", "unready"))
        yield len(saw.get("other_digests") or ())
    yield from (int(tally.get("failures") or 0) for tally in _parts(bake, "checked"))


def _parts(bake: Mapping[str, object], key: str) -> Iterable[Mapping[str, Any]]:
    found = bake.get(key)
    return found.values() if isinstance(found, Mapping) else ()

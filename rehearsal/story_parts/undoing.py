"""How fast a bad version is undone, and how many users meet it meanwhile: figures of the stories in which that happens.

Where a figure counts gate intervals, the machine's waits and the canary's step count undivided, and work as it is: so
long it would take in the cloud.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rehearsal.story_parts.moments import Call, Visit, cloud_seconds
from rehearsal.story_parts.story import Figure, Promise
from release_engine.significance import binomial_greater

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

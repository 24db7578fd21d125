"""Bad backends: healthy to ECS and refused all the same, crashing sooner or later, or dropping jobs (F22).

No gate can see dropped jobs before the next release stops the workers, so the exchange's own count must notice.
"""

import json

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import (
    Scene,
    afterwards_promise,
    lost_jobs,
    met_promises,
    play,
    released_promises,
    settled,
    spared_promises,
    undone_promises,
    unsuccessful_promises,
    untouched_promises,
)
from rehearsal.story_parts.story import Figure, Played, Promise, running_promise, story, unharmed_promise
from release_engine.ledger import Outcome

SILENT = "silent backend"
LAGGING = "lagging backend"


@story("database-unreachable", "A backend that lives but cannot reach its database is refused and undone")
def database_unreachable(stage: Stage) -> Played:
    """A backend that boots, answers /up, and cannot reach its database: only the probe in depth tells (F12)."""
    image = stage.build("backend", stage.next_version(), fault="database-unreachable")
    scene = play(stage, database_unreachable.name, "backend", lambda: stage.release({"backend": image}))
    what = "backend without its database"
    promises = [*undone_promises(scene, what, image.digest, "web unready"), _evidence_promise(scene)]
    return Played(promises, scene.releases, scene.traffic)


def _evidence_promise(scene: Scene) -> Promise:
    """Promise that the release's evidence names the database.

    `/up` was good, for otherwise ECS would have given up before it asked the gate.
    """
    evidence = json.dumps(dict(scene.release.evidence), default=str) if scene.release else ""
    named = "not ok: database" in evidence
    return Promise("the evidence names the database", named, "not ok: database" if named else evidence)


@story("metrics-missing", "A backend whose metrics the gate waits for in vain is refused and undone")
def metrics_missing(stage: Stage) -> Played:
    """A healthy backend that reports nothing of itself: it is undone, for silence is no health (F34)."""
    image = stage.build("backend", stage.next_version(), fault="reports-nothing")
    scene = play(stage, metrics_missing.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, SILENT, Outcome.ROLLED_BACK, ["consumer lag had no data in"]),
        running_promise(scene.after["backend"], "backend", scene.former),
        *met_promises(scene, SILENT, image.digest),
        *spared_promises(scene, SILENT),
    ]
    return Played(promises, scene.releases, scene.traffic)


@story("growing-lag", "A backend whose Kafka consumer consumes nothing is refused and undone")
def growing_lag(stage: Stage) -> Played:
    """A healthy backend whose consumer leaves its messages where they are: it is undone (F24)."""
    image = stage.build("backend", stage.next_version(), fault="consumes-nothing")
    scene = play(stage, growing_lag.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, LAGGING, Outcome.ROLLED_BACK, ["consumer lag"]),
        running_promise(scene.after["backend"], "backend", scene.former),
        *spared_promises(scene, LAGGING),
    ]
    return Played(promises, scene.releases, scene.traffic)


LATER = "backend that crashes later"
CAUGHT_LATER = ("restarts", "missing tasks", "tasks failed to start", "ECS deployment alarms")
MOST_FAILED = 10.0  # percent: the crash takes some requests with it, and the way back is a flip
WORKERS = "backend whose workers crash later"
CAUGHT_WORKERS = ("tasks failed to start", "restarts")  # by ECS while it deploys, or by the gate while it bakes


@story("crashing-backend", "A backend that crashes at its start is given up and undone")
def crashing_backend(stage: Stage) -> Played:
    """A backend that crashes at its start: ECS gives up, and CloudFormation puts the former digest back (F2)."""
    image = stage.build("backend", stage.next_version(), fault="crash-at-start")
    scene = play(stage, crashing_backend.name, "backend", lambda: stage.release({"backend": image}))
    promises = undone_promises(scene, "backend that crashes at its start", image.digest, "tasks failed to start")
    return Played(promises, scene.releases, scene.traffic)


@story("crashing-later", "A backend that starts well and crashes when users are on it is undone")
def crashing_later(stage: Stage) -> Played:
    """A backend that starts well and crashes minutes later, its web too, when users are on it already (F3)."""
    image = stage.build("backend", stage.next_version(), fault="crash-later")
    scene = play(stage, crashing_later.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, LATER, Outcome.ROLLED_BACK, CAUGHT_LATER),
        running_promise(scene.after["backend"], "backend", scene.former),
        *untouched_promises(scene, LATER),
        afterwards_promise(stage, crashing_later.name, LATER),
    ]
    return Played(promises, scene.releases, scene.traffic, [_failed_share(scene, image.digest)])


def _failed_share(scene: Scene, bad: str) -> Figure:
    """Return the percentage of the users' requests that failed until the crash was undone."""
    name = "percentage of users' requests that fail while a backend that crashes later is undone"
    if not scene.requests:
        return Figure(name, None, MOST_FAILED, "%", "nobody asked")
    seen = f"{scene.failed} of {scene.requests} requests failed, {scene.met(bad)} met it"
    return Figure(name, round(100 * scene.failed / scene.requests, 2), MOST_FAILED, "%", seen)


@story("crashing-workers", "A backend whose workers start well and crash later is undone")
def crashing_workers(stage: Stage) -> Played:
    """A backend whose workers crash four seconds after each start, beside a web that is good (F3)."""
    image = stage.build("backend", stage.next_version(), fault="workers-crash-later")
    scene = play(stage, crashing_workers.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, WORKERS, Outcome.ROLLED_BACK, CAUGHT_WORKERS),
        running_promise(scene.after["backend"], "backend", scene.former),
        *spared_promises(scene, WORKERS),
    ]
    return Played(promises, scene.releases, scene.traffic)


@story("dropped-jobs", "Workers that drop jobs when they are stopped are noticed, good ones drop none")
def dropped_jobs(stage: Stage) -> Played:
    """A backend whose workers drop the jobs in hand when they are told to stop (F22).

    No gate can see that before the next release stops them, so the exchange's own count must notice.
    """
    careless = stage.build("backend", stage.next_version(), fault="drops-jobs")
    careful = stage.build("backend", stage.next_version())
    before = lost_jobs(settled(stage))
    first = play(stage, f"{dropped_jobs.name}, released", "backend", lambda: stage.release({"backend": careless}))
    between = settled(stage, lost=before)
    spared = lost_jobs(between) - before
    second = play(stage, dropped_jobs.name, "backend", lambda: stage.release({"backend": careful}))
    after = settled(stage, lost=lost_jobs(between))
    lost = lost_jobs(after) - lost_jobs(between)
    orders = after["orders_unconfirmed"] - between["orders_unconfirmed"]
    promises = [
        *released_promises(first, "backend that drops jobs", careless.digest),
        Promise("replacing good workers loses no job", spared == 0, f"{spared:.0f} jobs lost"),
        *released_promises(second, "backend after one that drops jobs", careful.digest),
        Promise(
            "the exchange's own count notices the jobs that bad workers drop",
            lost > 0,
            f"{lost:.0f} jobs lost, {orders:.0f} orders without their confirmation",
        ),
        unharmed_promise(second.traffic, "a release that loses jobs"),
    ]
    return Played(promises, [*first.releases, *second.releases], second.traffic)

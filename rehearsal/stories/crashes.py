"""Versions whose processes crash: at their start, when users are on them, or in the workers alone."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import (
    Scene,
    afterwards_promise,
    play,
    spared_promises,
    undone_promises,
    unsuccessful_promises,
    untouched_promises,
)
from rehearsal.story_parts.story import Figure, Played, running_promise, story
from release_engine.ledger import Outcome

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
    """How many of the users' requests fail until the crash is undone."""
    name = "percentage of users' requests that fail while a backend that crashes later is undone"
    if not scene.asked:
        return Figure(name, None, MOST_FAILED, "%", "nobody asked")
    seen = f"{scene.failed} of {scene.asked} requests failed, {scene.met(bad)} met it"
    return Figure(name, round(100 * scene.failed / scene.asked, 2), MOST_FAILED, "%", seen)


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

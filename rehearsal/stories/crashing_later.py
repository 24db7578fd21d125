"""A backend that starts well and crashes minutes later, its web too, when users are on it already (F3)."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import Scene, afterwards_promise, play, unsuccessful_promises, untouched_promises
from rehearsal.story_parts.story import Played, Promise, Story, running_promise
from release_engine.ledger import Outcome

WHAT = "backend that crashes later"
CAUGHT = ("restarts", "missing tasks", "tasks failed to start", "ECS deployment alarms")
MOST_FAILED = 0.10  # of the requests during the release: the crash takes some with it, and the way back is a flip


def run(stage: Stage) -> Played:
    image = stage.build("backend", stage.next_version(), fault="crash-later")
    scene = play(stage, STORY.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, CAUGHT),
        running_promise(scene.after["backend"], "backend", scene.former),
        _bounded_promise(scene, image.digest),
        *untouched_promises(scene, WHAT),
        afterwards_promise(stage, STORY.name, WHAT),
    ]
    return Played(promises, scene.releases, scene.traffic)


def _bounded_promise(scene: Scene, bad: str) -> Promise:
    met, failed = scene.met(bad), scene.failed
    seen = f"{met} of {scene.asked} requests met it, {failed} failed"
    return Promise(f"few users notice a {WHAT}", scene.asked > 0 and failed <= MOST_FAILED * scene.asked, seen)


STORY = Story("crashing-later", "A backend that starts well and crashes when users are on it is undone", run)

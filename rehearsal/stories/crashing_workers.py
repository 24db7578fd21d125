"""A backend whose workers start well and crash after four seconds, again and again, beside a web that is good (F3)."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import play, spared_promises, unsuccessful_promises
from rehearsal.story_parts.story import Played, Story, running_promise
from release_engine.ledger import Outcome

WHAT = "backend whose workers crash later"
CAUGHT = ("tasks failed to start", "restarts")  # by ECS while it deploys, or by the gate while it bakes


def run(stage: Stage) -> Played:
    image = stage.build("backend", stage.next_version(), fault="workers-crash-later")
    scene = play(stage, STORY.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, CAUGHT),
        running_promise(scene.after["backend"], "backend", scene.former),
        *spared_promises(scene, WHAT),
    ]
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("crashing-workers", "A backend whose workers start well and crash later is undone", run)

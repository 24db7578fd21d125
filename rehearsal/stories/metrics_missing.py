"""A backend that answers, is healthy and reports nothing of itself: it is undone, for silence is no health (F34)."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import met_promises, play, spared_promises, unsuccessful_promises
from rehearsal.story_parts.story import Played, Story, running_promise
from release_engine.ledger import Outcome

WHAT = "silent backend"


def run(stage: Stage) -> Played:
    image = stage.build("backend", stage.next_version(), fault="reports-nothing")
    scene = play(stage, STORY.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, ["consumer lag had no data in"]),
        running_promise(scene.after["backend"], "backend", scene.former),
        *met_promises(scene, WHAT, image.digest),
        *spared_promises(scene, WHAT),
    ]
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("metrics-missing", "A backend whose metrics the gate waits for in vain is refused and undone", run)

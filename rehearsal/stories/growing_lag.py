"""A backend whose consumer leaves its messages where they are: it answers, it is healthy, and it is undone (F24)."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import play, spared_promises, unsuccessful_promises
from rehearsal.story_parts.story import Played, Story, running_promise
from release_engine.ledger import Outcome

WHAT = "lagging backend"


def run(stage: Stage) -> Played:
    image = stage.build("backend", stage.next_version(), fault="consumes-nothing")
    scene = play(stage, STORY.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, ["consumer lag"]),
        running_promise(scene.after["backend"], "backend", scene.former),
        *spared_promises(scene, WHAT),
    ]
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("growing-lag", "A backend whose Kafka consumer consumes nothing is refused and undone", run)

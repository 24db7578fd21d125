"""A client that keeps its limits, but is slower than the version before it: refused by the comparison alone."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Played, Promise, Story


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="slower")
    scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    both = "web canary p95" in scene.reason and "against baseline" in scene.reason
    left = stage.beside("client")
    promises = [
        *undone_promises(scene, "slower client", image.digest, "web canary p95"),
        Promise("the reason shows both sides of the comparison", both, scene.reason),
        Promise("no limit was broken by the slower client", "> limit" not in scene.reason, scene.reason),
        Promise("what it was compared with is gone", not left, f"{len(left)} services left"),
    ]
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("slower-client", "A client within its limits, but slower than the former one, is refused and undone", run)

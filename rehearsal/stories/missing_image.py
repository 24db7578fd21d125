"""A digest that nobody has pushed: preflight refuses, and nothing is touched (F8)."""

from rehearsal.build import build
from rehearsal.stage import Stage
from rehearsal.story_parts.scene import play, refused_promises
from rehearsal.story_parts.story import Played, Story


def run(stage: Stage) -> Played:
    image = build("client", stage.next_version())
    scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    because = f"image {image.digest} is not in repository {stage.repository('client')}"
    return Played(refused_promises(scene, "missing image", because), scene.releases, scene.traffic)


STORY = Story("missing-image", "A digest that is not in the repository is refused before anything is touched", run)

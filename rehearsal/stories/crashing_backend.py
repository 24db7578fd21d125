"""A backend whose processes crash at their start: ECS gives up, and CloudFormation puts the former digest back (F2)."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Played, Story


def run(stage: Stage) -> Played:
    image = stage.build("backend", stage.next_version(), fault="crash-at-start")
    scene = play(stage, STORY.name, "backend", lambda: stage.release({"backend": image}))
    promises = undone_promises(scene, "backend that crashes at its start", image.digest, "tasks failed to start")
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("crashing-backend", "A backend that crashes at its start is given up and undone", run)

"""A client that answers correctly, but takes one and a half seconds: refused for its p95."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Played, Story


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="slow")
    scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    return Played(undone_promises(scene, "slow client", image.digest, "web p95"), scene.releases, scene.traffic)


STORY = Story("slow-client", "A client that is correct but slow is refused and undone", run)

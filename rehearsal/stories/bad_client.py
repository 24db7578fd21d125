"""A client that answers 500 to a fifth of its requests: refused, and the former digest put back."""

from rehearsal.stage import Stage
from rehearsal.stories.scene import play, undone_promises
from rehearsal.stories.story import Played, Story


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    return Played(undone_promises(scene, "bad client", image.digest, "web errors"), scene.releases, scene.traffic)


STORY = Story("bad-client", "A client that fails a fifth of its requests is refused and undone", run)

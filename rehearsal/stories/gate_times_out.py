"""The gate asks ECS and is never answered, until its time is over: a gate without a verdict stays closed."""

from rehearsal.stage import Stage
from rehearsal.story_parts.functions import GATE, changed, environment, silence
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Played, Story

SECONDS = 2


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version())
    with silence() as nobody:
        deaf = environment(stage, GATE, AWS_ENDPOINT_URL_ECS=nobody)
        with changed(stage, GATE, Timeout=SECONDS, Environment=deaf):
            scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "client whose gate times out", image.digest, "HookStatus must not be null")
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("gate-times-out", "A gate that times out lets nothing through", run)

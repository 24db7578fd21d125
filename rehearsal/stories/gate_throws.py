"""The gate itself is broken and raises: a gate that cannot judge stays closed."""

from rehearsal.stage import Stage
from rehearsal.story_parts.functions import GATE, changed
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Played, Story


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version())
    with changed(stage, GATE, Handler="release_handlers.health_gate.gone"):
        scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "client whose gate raises", image.digest, "HookStatus must not be null")
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("gate-throws", "A gate that raises lets nothing through", run)

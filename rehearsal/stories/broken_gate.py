"""A gate that is broken itself stays closed."""

from rehearsal.stage import Stage
from rehearsal.story_parts.account import GATE, changed, environment, silence
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Played, story

TIMEOUT_SECONDS = 2


@story("gate-throws", "A gate that raises lets nothing through")
def gate_throws(stage: Stage) -> Played:
    """The gate itself is broken and raises: a gate that cannot judge stays closed."""
    image = stage.build("client", stage.next_version())
    with changed(stage, GATE, Handler="release_handlers.health_gate.gone"):
        scene = play(stage, gate_throws.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "client whose gate raises", image.digest, "HookStatus must not be null")
    return Played(promises, scene.releases, scene.traffic)


@story("gate-times-out", "A gate that times out lets nothing through")
def gate_times_out(stage: Stage) -> Played:
    """The gate asks ECS and is never answered, until its time is over: a gate without a verdict stays closed."""
    image = stage.build("client", stage.next_version())
    with silence() as nobody:
        deaf = environment(stage, GATE, AWS_ENDPOINT_URL_ECS=nobody)
        with changed(stage, GATE, Timeout=TIMEOUT_SECONDS, Environment=deaf):
            scene = play(stage, gate_times_out.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "client whose gate times out", image.digest, "HookStatus must not be null")
    return Played(promises, scene.releases, scene.traffic)

"""ECS's own net alone, its circuit breaker: nothing else looks at an engine that crashes at its start."""

from rehearsal.stage import Stage
from rehearsal.story_parts import console, nets
from rehearsal.story_parts.scene import play, spared_promises, unsuccessful_promises
from rehearsal.story_parts.story import Played, Promise, Story, running_promise
from release_engine.ledger import Outcome

WHAT = "trading engine before the circuit breaker alone"


def run(stage: Stage) -> Played:
    image = stage.build("engine", stage.next_version(), fault="crash-at-start")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="either", watch=True, alarms_of="engine"):
        off = [
            nets.hook_promise(stage, gate, on=False),
            nets.bake_promise(stage, gate, on=False),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "engine", on=False),
        ]
        scene = play(stage, STORY.name, "engine", lambda: stage.release({"engine": image}))
    said = "; ".join(console.reasons(stage, "engine"))
    promises = [
        *off,
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, ["circuit breaker"]),
        running_promise(scene.after["engine"], "engine", scene.former),
        *spared_promises(scene, WHAT),
        Promise("the stack's events name the circuit breaker", "circuit breaker" in said, said),
    ]
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("net-breaker", "With gate, watch and alarms off, ECS's circuit breaker alone undoes a bad version", run)

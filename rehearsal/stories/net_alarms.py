"""ECS's own net alone, its alarms: the gate and the watch are off, so users meet the version until an alarm is red."""

from rehearsal.stage import Stage
from rehearsal.story_parts import nets
from rehearsal.story_parts.scene import (
    afterwards_promise,
    met_promises,
    play,
    unsuccessful_promises,
    untouched_promises,
)
from rehearsal.story_parts.service_deployments import last_deployment
from rehearsal.story_parts.story import Played, Story, running_promise
from rehearsal.story_parts.undoing import flip
from release_engine.ledger import Outcome

WHAT = "client before the alarms alone"


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="either", watch=True):
        off = [
            nets.hook_promise(stage, gate, on=False),
            nets.bake_promise(stage, gate, on=False),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "client", on=True),
        ]
        scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
        deployment = last_deployment(stage, stage.settings.components["client"].services["web"].name)
        nets.wait_for_quiet(stage, "client")
    promises = [
        *off,
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, ["ECS deployment alarms"]),
        running_promise(scene.after["client"], "client", scene.former),
        *met_promises(scene, WHAT, image.digest),
        *untouched_promises(scene, WHAT),
        afterwards_promise(stage, STORY.name, WHAT),
    ]
    figures = [flip(deployment.decided, scene.span(image.digest))]
    return Played(promises, scene.releases, scene.traffic, figures)


STORY = Story("net-alarms", "With gate and watch off, the deployment's alarms alone undo a bad version", run)

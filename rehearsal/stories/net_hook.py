"""ECS's own net alone, its hook: the bake, the watch and the alarms are off, and the hook refuses the version."""

from rehearsal.stage import Stage
from rehearsal.story_parts import console, nets
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Played, Promise, Story

WHAT = "client before the hook alone"


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="bake", watch=True, alarms_of="client"):
        off = [
            nets.hook_promise(stage, gate, on=True),
            nets.bake_promise(stage, gate, on=False),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "client", on=False),
        ]
        scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    status = console.status(stage, "client")
    promises = [
        *off,
        *undone_promises(scene, WHAT, image.digest, "web errors"),
        Promise("CloudFormation has put back what the hook refused", status == "UPDATE_ROLLBACK_COMPLETE", status),
    ]
    return Played(promises, scene.releases, scene.traffic)


STORY = Story("net-hook", "With bake, watch and alarms off, ECS's lifecycle hook alone undoes a bad version", run)

"""The machine's bake alone: ECS is told to go on and its alarms are deaf, so all users meet the version until then."""

from rehearsal.stage import Stage
from rehearsal.story_parts import nets
from rehearsal.story_parts.scene import (
    afterwards_promise,
    met_promises,
    play,
    unsuccessful_promises,
    untouched_promises,
)
from rehearsal.story_parts.story import Played, Promise, Story, running_promise
from rehearsal.story_parts.undoing import flip, reaction_of_the_bake
from rehearsal.story_parts.visits import visits_of
from release_engine.ledger import Outcome

WHAT = "client before the bake alone"


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="hook", watch=True, alarms_of="client"):
        off = [
            nets.hook_promise(stage, gate, on=False),
            nets.bake_promise(stage, gate, on=True),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "client", on=False),
        ]
        scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    visits = visits_of(stage, scene.releases[0]) if scene.releases else []
    redone = any(visit.state == "RollBackExecuteChangeSet" for visit in visits)
    went = any(visit.state == "Bake" for visit in visits)
    promises = [
        *off,
        Promise("ECS lets it through to the bake", went, f"{len(visits)} states were visited"),
        Promise("going back is no new deployment", not redone, "the deployment that baked was stopped"),
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, ["web errors"]),
        running_promise(scene.after["client"], "client", scene.former),
        *met_promises(scene, WHAT, image.digest),
        *untouched_promises(scene, WHAT),
        afterwards_promise(stage, STORY.name, WHAT),
    ]
    interval = stage.settings.components["client"].gate.interval_seconds
    decided = next((visit.entered for visit in visits if visit.state == "StopDeployment"), None)
    figures = [
        reaction_of_the_bake(visits, interval=interval, speed=stage.speed),
        flip(decided, scene.span(image.digest)),
    ]
    return Played(promises, scene.releases, scene.traffic, figures)


STORY = Story("net-bake", "With hook, alarms and watch off, the release machine's bake alone undoes a bad version", run)

"""Somebody puts the former digest into the stack's parameter in the console; `status` tells what runs."""

from rehearsal.build import Image
from rehearsal.commands import Finished
from rehearsal.stage import Stage
from rehearsal.story_parts import console
from rehearsal.story_parts.scene import Scene, play, spared_promises
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise
from release_engine.ledger import Outcome

WHAT = "client put back in the console"


def run(stage: Stage) -> Played:
    former = next(iter(stage.running("client").digests), "")
    image = stage.build("client", stage.next_version())
    released = stage.release({"client": image})
    scene = play(stage, STORY.name, "client", lambda: _roll_back(stage, former))
    return Played(_promises(stage, scene, released, image, former), scene.releases, scene.traffic)


def _roll_back(stage: Stage, former: str) -> Finished:
    console.set_digest(stage, "client", former)
    return stage.command("status", "client").wait(60)


def _promises(stage: Stage, scene: Scene, released: Finished, image: Image, former: str) -> list[Promise]:
    stack, runs = console.status(stage, "client"), scene.ended.lines[0] if scene.ended.lines else ""
    return [
        Promise("the client to be rolled back in the console is released first", released.code == 0),
        outcome_promise(scene.release, "client to be rolled back in the console", Outcome.RELEASED),
        Promise("the console's update succeeds", stack == "UPDATE_COMPLETE", stack),
        running_promise(scene.after["client"], "client", former),
        Promise(
            "status tells what runs after a rollback in the console", former in runs and image.digest not in runs, runs
        ),
        Promise(
            "status still tells of the last release",
            image.digest.removeprefix("sha256:")[:12] in scene.ended.output,
            scene.ended.output[-400:],
        ),
        *spared_promises(scene, WHAT),
    ]


STORY = Story("console-rollback", "A digest put back in the CloudFormation console runs, and status tells so", run)

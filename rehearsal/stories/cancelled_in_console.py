"""Somebody cancels the stack's update in the console: CloudFormation goes back, and the machine records it."""

from rehearsal.build import Image
from rehearsal.commands import Finished
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts import console
from rehearsal.story_parts.scene import Scene, play, spared_promises
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise
from rehearsal.waiting import wait_until
from release_engine.ledger import Outcome

WHAT = "cancelled client"


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version())
    scene = play(stage, STORY.name, "client", lambda: _release_and_cancel(stage, image))
    return Played(_promises(stage, scene), scene.releases, scene.traffic)


def _release_and_cancel(stage: Stage, image: Image) -> Finished:
    """In the middle: tasks of the new version run beside the former ones."""
    under_way = stage.start({"client": image})
    wait_until(lambda: image.digest in stage.running("client").digests, "a task of the new client runs")
    console.cancel_update(stage, "client")
    return under_way.wait(LONGEST_RELEASE)


def _promises(stage: Stage, scene: Scene) -> list[Promise]:
    status, said = console.status(stage, "client"), "; ".join(console.reasons(stage, "client"))
    return [
        Promise(
            "a cancelled release ends the command line with an error", scene.ended.code != 0, scene.ended.output[-300:]
        ),
        outcome_promise(scene.release, WHAT, Outcome.ROLLED_BACK),
        Promise("the stack's events say that it was cancelled", "cancelled" in said, said),
        Promise("a cancelled stack is whole", status == "UPDATE_ROLLBACK_COMPLETE", status),
        running_promise(scene.after["client"], "client", scene.former),
        *spared_promises(scene, WHAT),
    ]


STORY = Story(
    "cancelled-in-console", "A release cancelled in the CloudFormation console goes back and is recorded", run
)

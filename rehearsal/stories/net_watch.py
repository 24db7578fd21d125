"""The watch alone: a bad version is released under deaf alarms and a gate that looks away; then the alarms hear again.

What turns the alarm red are the users' own failures (F27).
"""

from rehearsal.build import Image
from rehearsal.commands import Finished
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts import nets
from rehearsal.story_parts.functions import WATCH, changed, environment
from rehearsal.story_parts.scene import Scene, afterwards_promise, met_promises, play, untouched_promises
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise
from rehearsal.waiting import wait_until
from release_engine.ledger import Kind, Outcome, Release

WHAT = "client before the watch alone"


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate, off = nets.gate_of(stage), list[Promise]()
    rested = environment(stage, WATCH, COOL_DOWN_SECONDS="0")  # another story may have used the watch just now
    with nets.switched_off(stage, gate="either", watch=False), changed(stage, WATCH, Environment=rested):
        scene = play(stage, STORY.name, "client", lambda: _release_and_listen(stage, image, gate, off))
        nets.wait_for_quiet(stage, "client")
    return Played([*off, *_promises(stage, scene, image)], _since(stage, image), scene.traffic)


def _release_and_listen(stage: Stage, image: Image, gate: str, off: list[Promise]) -> Finished:
    """Deaf until it is released: no deployment can be stopped by an alarm of which it hears when it is over."""
    with nets.without_alarms(stage, "client"):
        off += [
            nets.hook_promise(stage, gate, on=False),
            nets.bake_promise(stage, gate, on=False),
            nets.alarms_promise(stage, "client", on=False),
            nets.watch_promise(stage, on=True),
        ]
        released = stage.release({"client": image})
    if released.code == 0:
        wait_until(lambda: _undone(stage, image) is not None, "the watch has rolled back", seconds=LONGEST_RELEASE)
    return released


def _promises(stage: Stage, scene: Scene, image: Image) -> list[Promise]:
    undone = _undone(stage, image)
    asked = undone.requested_by if undone else "nobody"
    since = _since(stage, image)
    return [
        Promise("a bad version that nothing else stops is released", scene.ended.code == 0, scene.reason),
        outcome_promise(undone, WHAT, Outcome.RELEASED),
        Promise("an alarm of the users' failures woke the watch", "5xx" in asked, asked),
        Promise("the watch rolls back once", len(since) == 2, f"{len(since)} releases since"),
        running_promise(scene.after["client"], "client", scene.former),
        *met_promises(scene, WHAT, image.digest),
        *untouched_promises(scene, WHAT),
        afterwards_promise(stage, STORY.name, WHAT),
    ]


def _since(stage: Stage, image: Image) -> list[Release]:
    return [one for one in stage.ledger.releases("client") if image.digest in (one.digest, one.former_digest)]


def _undone(stage: Stage, image: Image) -> Release | None:
    """The rollback, once it is over."""
    newest = stage.latest("client")
    ours = newest is not None and newest.kind is Kind.ROLLBACK and newest.former_digest == image.digest
    return newest if newest and ours and newest.outcome is not Outcome.RUNNING else None


STORY = Story("net-watch", "With ECS's nets and the bake off, the watch alone undoes a bad version after success", run)

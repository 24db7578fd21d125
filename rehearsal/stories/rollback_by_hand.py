"""A person rolls the client back: a plan is shown, the former digest runs again, and the ledger says who asked."""

from rehearsal.commands import Finished
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.scene import play, spared_promises
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise
from release_engine.ledger import Kind, Outcome

WHAT = "client rolled back by hand"


def run(stage: Stage) -> Played:
    former = next(iter(stage.running("client").digests), "")
    released = stage.release({"client": stage.build("client", stage.next_version())})
    scene = play(stage, STORY.name, "client", lambda: _roll_back(stage))
    ended, release = scene.ended, scene.release
    promises = [
        Promise("the version to be rolled back is released first", released.code == 0, f"exit code {released.code}"),
        Promise("a rollback by hand succeeds", ended.code == 0, f"exit code {ended.code}"),
        Promise("the plan says what is put back", former in ended.output, "\n".join(ended.lines[:3])),
        outcome_promise(release, WHAT, Outcome.RELEASED),
        Promise("the ledger knows it for a rollback", bool(release and release.kind is Kind.ROLLBACK)),
        running_promise(scene.after["client"], "client", former),
        *spared_promises(scene, WHAT),
    ]
    return Played(promises, scene.releases, scene.traffic)


def _roll_back(stage: Stage) -> Finished:
    return stage.command("rollback", "client", "--yes").wait(LONGEST_RELEASE)


STORY = Story("rollback-by-hand", "A person rolls the client back to the digest before", run)

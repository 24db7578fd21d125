"""A release of the very digest that runs and was released well last: there is nothing to do, and nothing is done."""

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import Scene, play, spared_promises
from rehearsal.story_parts.story import Figure, Played, Promise, Story, outcome_promise, running_promise
from release_engine.ledger import Outcome

WHAT = "client that runs already"
SECONDS, LONGEST = "seconds that a release with nothing to do takes, its command included", 10.0


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version())
    released, first = stage.release({"client": image}), stage.latest("client")
    known = _ledger(stage)
    scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    promises = [
        Promise("the client to be released again is released first", released.code == 0, f"exit code {released.code}"),
        outcome_promise(first, "client to be released again", Outcome.RELEASED),
        *_promises(scene, image.digest),
        Promise(f"the ledger knows no release of a {WHAT}", _ledger(stage) == known, f"{len(known)} releases before"),
        Promise(f"the lock is free after the release of a {WHAT}", stage.ledger.lock("client").holder is None),
    ]
    seconds = Figure(SECONDS, round(scene.ended.seconds, 1), LONGEST, "s")
    return Played(promises, scene.releases, scene.traffic, [seconds])


def _promises(scene: Scene, digest: str) -> list[Promise]:
    ended = scene.ended
    same = scene.after["client"] == scene.before["client"]
    said = f"client already runs {digest}: nothing to release"
    return [
        Promise(f"releasing a {WHAT} succeeds", ended.code == 0, f"exit code {ended.code}"),
        Promise(f"the command line says that a {WHAT} does", said in ended.lines, "\n".join(ended.lines[-3:])),
        Promise(f"no task of client is touched by a {WHAT}", same, f"{len(scene.after['client'].tasks)} tasks"),
        running_promise(scene.after["client"], "client", digest),
        *spared_promises(scene, WHAT),
    ]


def _ledger(stage: Stage) -> list[str]:
    return [release.release_id for release in stage.ledger.releases("client")]


STORY = Story("unchanged", "A release of what runs already ends at once, with nothing touched", run)

"""The command line only watches: killing it does not harm the release."""

from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise
from rehearsal.waiting import wait_until
from release_engine.ledger import Outcome


def run(stage: Stage) -> Played:
    image = stage.build("engine", stage.next_version())
    command = stage.start({"engine": image})
    wait_until(lambda: _outcome(stage, image.digest) is Outcome.RUNNING, "the release is in the ledger")
    command.kill()
    status = stage.command("status").wait(60)
    found = _outcome(stage, image.digest) is Outcome.RUNNING and "running" in status.output.lower()
    wait_until(
        lambda: _outcome(stage, image.digest) is not Outcome.RUNNING, "the release ends", seconds=LONGEST_RELEASE
    )
    release = stage.latest("engine")
    promises = [
        Promise(
            "status finds a release whose command line was killed", status.code == 0 and found, status.output[-400:]
        ),
        outcome_promise(release, "abandoned engine", Outcome.RELEASED),
        running_promise(stage.running("engine"), "engine", image.digest),
        Promise("the lock is given back", stage.ledger.lock("engine").holder is None),
    ]
    return Played(promises, [release] if release else [])


def _outcome(stage: Stage, digest: str) -> Outcome | None:
    release = stage.latest("engine")
    return release.outcome if release and release.digest == digest else None


STORY = Story("killed-command-line", "Killing the command line does not harm the release", run)

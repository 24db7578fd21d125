"""What people do with the command line: roll back by hand, and kill it in the middle of a release."""

from rehearsal.commands import Finished
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.scene import play, spared_promises
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story
from rehearsal.waiting import wait_until
from release_engine.ledger import Kind, Outcome

BY_HAND = "client rolled back by hand"


@story("rollback-by-hand", "A person rolls the client back to the digest before")
def rollback_by_hand(stage: Stage) -> Played:
    """A person rolls the client back: a plan is shown, the former digest runs again, and the ledger says who asked."""
    former = next(iter(stage.running("client").digests), "")
    released = stage.release({"client": stage.build("client", stage.next_version())})
    scene = play(stage, rollback_by_hand.name, "client", lambda: _roll_back(stage))
    ended, release = scene.ended, scene.release
    promises = [
        Promise("the version to be rolled back is released first", released.code == 0, f"exit code {released.code}"),
        Promise("a rollback by hand succeeds", ended.code == 0, f"exit code {ended.code}"),
        Promise("the plan says what is put back", former in ended.output, "\n".join(ended.lines[:3])),
        outcome_promise(release, BY_HAND, Outcome.RELEASED),
        Promise("the ledger knows it for a rollback", bool(release and release.kind is Kind.ROLLBACK)),
        running_promise(scene.after["client"], "client", former),
        *spared_promises(scene, BY_HAND),
    ]
    return Played(promises, scene.releases, scene.traffic)


def _roll_back(stage: Stage) -> Finished:
    return stage.command("rollback", "client", "--yes").wait(LONGEST_RELEASE)


@story("killed-command-line", "Killing the command line does not harm the release")
def killed_command_line(stage: Stage) -> Played:
    """The command line only watches: killing it does not harm the release."""
    image = stage.build("engine", stage.next_version())
    command = stage.start({"engine": image})
    wait_until(lambda: _outcome(stage, image.digest) is Outcome.RUNNING, "the release is in the ledger")
    command.kill()
    status = stage.command("status").wait(LONGEST_RELEASE)
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

"""What people do: roll back by hand, kill the command line, and use the console without the release machine."""

from rehearsal.build import Image
from rehearsal.commands import Finished, wait_until
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts import by_hand
from rehearsal.story_parts.scene import Scene, play, spared_promises
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story
from release_engine.ledger import Kind, Outcome

BY_HAND = "client rolled back by hand"


@story("rollback-by-hand", "A person rolls the client back to the digest before")
def rollback_by_hand(stage: Stage) -> Played:
    """A person rolls the client back: a plan is shown, the former digest runs again, and the ledger says who asked."""
    former = next(iter(stage.running("client").digests), "")
    released = stage.release({"client": stage.build("client", stage.next_version())})
    scene = play(
        stage,
        rollback_by_hand.name,
        "client",
        lambda: stage.command("rollback", "client", "--yes").wait(LONGEST_RELEASE),
    )
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


@story("killed-command-line", "Killing the command line does not harm the release")
def killed_command_line(stage: Stage) -> Played:
    """The command line only watches: killing it does not harm the release."""
    image = stage.build("engine", stage.next_version())
    command = stage.start({"engine": image})
    wait_until(lambda: _outcome(stage, image.digest) is Outcome.RUNNING, "the release is in the ledger")
    command.kill()
    status = stage.command("status").wait(LONGEST_RELEASE)
    running = _outcome(stage, image.digest) is Outcome.RUNNING and "running" in status.output.lower()
    wait_until(
        lambda: _outcome(stage, image.digest) is not Outcome.RUNNING, "the release ends", seconds=LONGEST_RELEASE
    )
    release = stage.latest("engine")
    promises = [
        Promise(
            "status finds a release whose command line was killed", status.code == 0 and running, status.output[-400:]
        ),
        outcome_promise(release, "abandoned engine", Outcome.RELEASED),
        running_promise(stage.running("engine"), "engine", image.digest),
        Promise("the lock is given back", stage.ledger.lock("engine").holder is None),
    ]
    return Played(promises, [release] if release else [])


def _outcome(stage: Stage, digest: str) -> Outcome | None:
    release = stage.latest("engine")
    return release.outcome if release and release.digest == digest else None


CANCELLED = "cancelled client"
PUT_BACK = "client put back in the console"


@story("cancelled-in-console", "A release cancelled in the CloudFormation console goes back and is recorded")
def cancelled_in_console(stage: Stage) -> Played:
    """Somebody cancels the stack's update in the console: CloudFormation goes back, and the machine records it."""
    image = stage.build("client", stage.next_version())
    scene = play(stage, cancelled_in_console.name, "client", lambda: _release_and_cancel(stage, image))
    return Played(_cancelled_promises(stage, scene), scene.releases, scene.traffic)


def _release_and_cancel(stage: Stage, image: Image) -> Finished:
    """Release, and cancel the stack's update as soon as a task of the new version runs."""
    under_way = stage.start({"client": image})
    wait_until(lambda: image.digest in stage.running("client").digests, "a task of the new client runs")
    by_hand.cancel_update(stage, "client")
    return under_way.wait(LONGEST_RELEASE)


def _cancelled_promises(stage: Stage, scene: Scene) -> list[Promise]:
    status, reasons = by_hand.stack_status(stage, "client"), "; ".join(by_hand.stack_reasons(stage, "client"))
    return [
        Promise(
            "a cancelled release ends the command line with an error", scene.ended.code != 0, scene.ended.output[-300:]
        ),
        outcome_promise(scene.release, CANCELLED, Outcome.ROLLED_BACK),
        Promise("the stack's events say that it was cancelled", "cancelled" in reasons, reasons),
        Promise("a cancelled stack is whole", status == "UPDATE_ROLLBACK_COMPLETE", status),
        running_promise(scene.after["client"], "client", scene.former),
        *spared_promises(scene, CANCELLED),
    ]


@story("console-rollback", "A digest put back in the CloudFormation console runs, and status tells so")
def console_rollback(stage: Stage) -> Played:
    """Somebody puts the former digest into the stack's parameter in the console; `status` tells what runs."""
    former = next(iter(stage.running("client").digests), "")
    image = stage.build("client", stage.next_version())
    released = stage.release({"client": image})
    scene = play(stage, console_rollback.name, "client", lambda: _put_back(stage, former))
    return Played(_put_back_promises(stage, scene, released, image, former), scene.releases, scene.traffic)


def _put_back(stage: Stage, former: str) -> Finished:
    by_hand.set_digest(stage, "client", former)
    return stage.command("status", "client").wait(LONGEST_RELEASE)


def _put_back_promises(stage: Stage, scene: Scene, released: Finished, image: Image, former: str) -> list[Promise]:
    stack, runs = by_hand.stack_status(stage, "client"), scene.ended.lines[0] if scene.ended.lines else ""
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
        *spared_promises(scene, PUT_BACK),
    ]

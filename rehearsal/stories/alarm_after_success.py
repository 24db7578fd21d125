"""An alarm goes red an hour after a release was called good: the watch undoes it, and only once (F27, F35)."""

from collections.abc import Mapping
from time import sleep
from typing import Any

from rehearsal.build import Image
from rehearsal.commands import Finished, wait_until
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.account import WATCH, invoke, turn
from rehearsal.story_parts.scene import Scene, play, spared_promises
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story
from release_engine.ledger import Kind, Outcome, Release
from release_engine.rollback_plan import good_releases

WHAT = "client put back by the watch"
HOUR = 3600
Answer = Mapping[str, Any]


@story("alarm-after-success", "An alarm after a good release undoes it, once")
def alarm_after_success(stage: Stage) -> Played:
    """An alarm goes red an hour after a release was called good: the watch undoes it, and only once (F27, F35)."""
    image, answers = stage.build("client", stage.next_version()), list[Answer]()
    scene = play(stage, alarm_after_success.name, "client", lambda: _release_and_alarm(stage, image, answers))
    history = stage.ledger.releases("client")
    since = [release for release in history if image.digest in (release.digest, release.former_digest)]
    promises = [
        Promise("the client that the watch undoes is released first", scene.ended.code == 0, since[-1].reason or ""),
        *_undone_promises(stage, scene, since),
        *_ledger_promises(since, history, image.digest),
        Promise("the same alarm told again starts nothing", not any(a["started"] for a in answers), str(answers)),
        *spared_promises(scene, WHAT),
    ]
    return Played(promises, since, scene.traffic)


def _release_and_alarm(stage: Stage, image: Image, answers: list[Answer]) -> Finished:
    """Release, and turn the alarm red an hour later. Its event comes again during the rollback, and after it.

    EventBridge may deliver an event more than once.
    """
    released, alarm = stage.release({"client": image}), _alarm(stage)
    sleep(HOUR / stage.speed)  # by the clock of the rehearsal
    turn(stage, alarm, "ALARM")
    wait_until(lambda: _undoing(stage, image) is not None, "the watch starts a rollback")
    answers.append(invoke(stage, WATCH, _event(alarm)))
    wait_until(lambda: _over(_undoing(stage, image)), "the watch has rolled back", seconds=LONGEST_RELEASE)
    answers.append(invoke(stage, WATCH, _event(alarm)))
    return released


def _undone_promises(stage: Stage, scene: Scene, since: list[Release]) -> list[Promise]:
    requested_by = scene.release.requested_by if scene.release else "nobody"
    return [
        outcome_promise(scene.release, WHAT, Outcome.RELEASED),
        running_promise(scene.after["client"], "client", scene.former),
        Promise("the ledger says that the watch asked for it", requested_by == f"watch:{_alarm(stage)}", requested_by),
        Promise("one alarm makes one rollback", len(since) == 2, f"{len(since)} releases since"),
    ]


def _ledger_promises(since: list[Release], history: list[Release], bad: str) -> list[Promise]:
    """Promise that the bad release counts as a change failure: a rollback left it, and none will go back to it."""
    good = {release.digest for release in good_releases(history)}
    left = any(release.kind is Kind.ROLLBACK and release.former_digest == bad for release in since)
    return [Promise("what the watch undid counts as a change failure", left and bad not in good, f"{len(good)} good")]


def _undoing(stage: Stage, image: Image) -> Release | None:
    """Return the rollback of the image, once it has begun."""
    newest = stage.latest("client")
    return newest if newest and newest.kind is Kind.ROLLBACK and newest.former_digest == image.digest else None


def _over(release: Release | None) -> bool:
    return release is not None and release.outcome is not Outcome.RUNNING


def _alarm(stage: Stage) -> str:
    """Return the name of the client's alarm on latency."""
    service = stage.settings.components["client"].services["web"]
    return f"{stage.settings.stack_name('client')}-{service.name}-slow"


def _event(alarm: str) -> Answer:
    """Return the event that CloudWatch sends when an alarm goes red.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    detail = {"alarmName": alarm, "state": {"value": "ALARM"}, "previousState": {"value": "OK"}}
    return {"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": detail}

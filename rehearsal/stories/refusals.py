"""Releases that are refused before anything is touched."""

from rehearsal.build import build
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.account import red_alarm
from rehearsal.story_parts.scene import play, refused_promises
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story
from rehearsal.waiting import wait_until
from release_engine.ledger import Outcome


@story("missing-image", "A digest that is not in the repository is refused before anything is touched")
def missing_image(stage: Stage) -> Played:
    """A digest that nobody has pushed: preflight refuses, and nothing is touched (F8)."""
    image = build("client", stage.next_version())
    scene = play(stage, missing_image.name, "client", lambda: stage.release({"client": image}))
    because = f"image {image.digest} is not in repository {stage.repository('client')}"
    return Played(refused_promises(scene, "missing image", because), scene.releases, scene.traffic)


@story("red-alarm", "A release is refused while an alarm of its component is red")
def red_alarm_before(stage: Stage) -> Played:
    """An alarm of the client is red before the release: ECS would not watch it, so preflight refuses (F13)."""
    image = stage.build("client", stage.next_version())
    alarm = f"{stage.settings.stack_name('client')}-failed-checkouts"
    with red_alarm(stage, alarm):
        scene = play(stage, red_alarm_before.name, "client", lambda: stage.release({"client": image}))
    promises = refused_promises(scene, "client under a red alarm", f"alarm {alarm} is in ALARM")
    return Played(promises, scene.releases, scene.traffic)


@story("busy", "A second release of a component while one is under way is refused")
def busy(stage: Stage) -> Played:
    """Two releases of one component at once: the second is refused, the first goes on (F10, F20)."""
    first, second = (stage.build("client", stage.next_version()) for _ in range(2))
    under_way = stage.start({"client": first})
    wait_until(lambda: stage.ledger.lock("client").holder is not None, "the first release takes the lock")
    refused = stage.release({"client": second})
    still_running = under_way.running
    ended = under_way.wait(LONGEST_RELEASE)
    release = stage.latest("client")
    promises = [
        Promise("the second release is refused", refused.code != 0, f"exit code {refused.code}"),
        Promise(
            "the refusal says who is busy",
            "busy" in refused.output.lower() or "lock" in refused.output.lower(),
            refused.lines[-1] if refused.lines else "",
        ),
        Promise("the refusal comes while the first release is under way", still_running),
        Promise("the first release is not harmed", ended.code == 0, f"exit code {ended.code}"),
        outcome_promise(release, "first of two client", Outcome.RELEASED),
        running_promise(stage.running("client"), "client", first.digest),
    ]
    return Played(promises, [release] if release else [])

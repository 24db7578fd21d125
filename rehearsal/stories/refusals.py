"""Releases that nothing lets through: refused before anything is touched, or undone because the gate is broken."""

from rehearsal.build import build
from rehearsal.commands import wait_until
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.account import GATE, changed, environment, red_alarm, silence
from rehearsal.story_parts.scene import play, refused_promises, undone_promises
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story
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


TIMEOUT_SECONDS = 2


@story("gate-throws", "A gate that raises lets nothing through")
def gate_throws(stage: Stage) -> Played:
    """The gate itself is broken and raises: a gate that cannot judge stays closed."""
    image = stage.build("client", stage.next_version())
    with changed(stage, GATE, Handler="release_handlers.health_gate.gone"):
        scene = play(stage, gate_throws.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "client whose gate raises", image.digest, "HookStatus must not be null")
    return Played(promises, scene.releases, scene.traffic)


@story("gate-times-out", "A gate that times out lets nothing through")
def gate_times_out(stage: Stage) -> Played:
    """The gate asks ECS, which never answers, until its time is over: a gate without a verdict stays closed."""
    image = stage.build("client", stage.next_version())
    with silence() as url:
        without_ecs = environment(stage, GATE, AWS_ENDPOINT_URL_ECS=url)
        with changed(stage, GATE, Timeout=TIMEOUT_SECONDS, Environment=without_ecs):
            scene = play(stage, gate_times_out.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "client whose gate times out", image.digest, "HookStatus must not be null")
    return Played(promises, scene.releases, scene.traffic)

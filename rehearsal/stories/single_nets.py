"""Each safety net alone: the others are switched off, and shown to be off, and it still undoes a bad version."""

from rehearsal.build import Image
from rehearsal.commands import Finished, wait_until
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts import by_hand, nets
from rehearsal.story_parts.account import WATCH, changed, environment
from rehearsal.story_parts.figures import flip, reaction_of_the_bake
from rehearsal.story_parts.moments import last_deployment, visits_of
from rehearsal.story_parts.scene import (
    Scene,
    afterwards_promise,
    met_promises,
    play,
    spared_promises,
    undone_promises,
    unsuccessful_promises,
    untouched_promises,
)
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story
from release_engine.ledger import Kind, Outcome, Release

BEFORE_HOOK = "client before the hook alone"
BEFORE_ALARMS = "client before the alarms alone"
BEFORE_BAKE = "client before the bake alone"
BEFORE_BREAKER = "trading engine before the circuit breaker alone"
BEFORE_WATCH = "client before the watch alone"


@story("net-hook", "With bake, watch and alarms off, ECS's lifecycle hook alone undoes a bad version")
def net_hook(stage: Stage) -> Played:
    """ECS's own net alone, its hook: the bake, the watch and the alarms are off, and the hook refuses the version."""
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="bake", watch=True, alarms_of="client"):
        off = [
            nets.hook_promise(stage, gate, on=True),
            nets.bake_promise(stage, gate, on=False),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "client", on=False),
        ]
        scene = play(stage, net_hook.name, "client", lambda: stage.release({"client": image}))
    status = by_hand.stack_status(stage, "client")
    promises = [
        *off,
        *undone_promises(scene, BEFORE_HOOK, image.digest, "web errors"),
        Promise("CloudFormation has put back what the hook refused", status == "UPDATE_ROLLBACK_COMPLETE", status),
    ]
    return Played(promises, scene.releases, scene.traffic)


@story("net-alarms", "With gate and watch off, the deployment's alarms alone undo a bad version")
def net_alarms(stage: Stage) -> Played:
    """The deployment's alarms alone: gate and watch are off, so users meet the version until an alarm is red."""
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="either", watch=True):
        off = [
            nets.hook_promise(stage, gate, on=False),
            nets.bake_promise(stage, gate, on=False),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "client", on=True),
        ]
        scene = play(stage, net_alarms.name, "client", lambda: stage.release({"client": image}))
        deployment = last_deployment(stage, stage.settings.components["client"].services["web"].name)
        nets.wait_for_quiet(stage, "client")
    promises = [
        *off,
        *unsuccessful_promises(scene, BEFORE_ALARMS, Outcome.ROLLED_BACK, ["ECS deployment alarms"]),
        running_promise(scene.after["client"], "client", scene.former),
        *met_promises(scene, BEFORE_ALARMS, image.digest),
        *untouched_promises(scene, BEFORE_ALARMS),
        afterwards_promise(stage, net_alarms.name, BEFORE_ALARMS),
    ]
    figures = [flip(deployment.decided, scene.span(image.digest))]
    return Played(promises, scene.releases, scene.traffic, figures)


@story("net-bake", "With hook, alarms and watch off, the release machine's bake alone undoes a bad version")
def net_bake(stage: Stage) -> Played:
    """The machine's bake alone: ECS is told to go on and its alarms are off, so all users meet the version first."""
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="hook", watch=True, alarms_of="client"):
        off = [
            nets.hook_promise(stage, gate, on=False),
            nets.bake_promise(stage, gate, on=True),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "client", on=False),
        ]
        scene = play(stage, net_bake.name, "client", lambda: stage.release({"client": image}))
    visits = visits_of(stage, scene.releases[0]) if scene.releases else []
    redone = any(visit.state == "RollBackExecuteChangeSet" for visit in visits)
    baked = any(visit.state == "Bake" for visit in visits)
    promises = [
        *off,
        Promise("ECS lets it through to the bake", baked, f"{len(visits)} states were visited"),
        Promise("going back is no new deployment", not redone, "the deployment that baked was stopped"),
        *unsuccessful_promises(scene, BEFORE_BAKE, Outcome.ROLLED_BACK, ["web errors"]),
        running_promise(scene.after["client"], "client", scene.former),
        *met_promises(scene, BEFORE_BAKE, image.digest),
        *untouched_promises(scene, BEFORE_BAKE),
        afterwards_promise(stage, net_bake.name, BEFORE_BAKE),
    ]
    interval = stage.settings.components["client"].gate.interval_seconds
    decided = next((visit.entered for visit in visits if visit.state == "StopDeployment"), None)
    figures = [
        reaction_of_the_bake(visits, interval=interval, speed=stage.speed),
        flip(decided, scene.span(image.digest)),
    ]
    return Played(promises, scene.releases, scene.traffic, figures)


@story("net-breaker", "With gate, watch and alarms off, ECS's circuit breaker alone undoes a bad version")
def net_breaker(stage: Stage) -> Played:
    """ECS's own net alone, its circuit breaker: nothing else looks at an engine that crashes at its start."""
    image = stage.build("engine", stage.next_version(), fault="crash-at-start")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="either", watch=True, alarms_of="engine"):
        off = [
            nets.hook_promise(stage, gate, on=False),
            nets.bake_promise(stage, gate, on=False),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "engine", on=False),
        ]
        scene = play(stage, net_breaker.name, "engine", lambda: stage.release({"engine": image}))
    reasons = "; ".join(by_hand.stack_reasons(stage, "engine"))
    promises = [
        *off,
        *unsuccessful_promises(scene, BEFORE_BREAKER, Outcome.ROLLED_BACK, ["circuit breaker"]),
        running_promise(scene.after["engine"], "engine", scene.former),
        *spared_promises(scene, BEFORE_BREAKER),
        Promise("the stack's events name the circuit breaker", "circuit breaker" in reasons, reasons),
    ]
    return Played(promises, scene.releases, scene.traffic)


@story("net-watch", "With ECS's nets and the bake off, the watch alone undoes a bad version after success")
def net_watch(stage: Stage) -> Played:
    """The watch alone: a bad version is released while alarms and gate are off; then the alarms are on again.

    The users' own failures turn an alarm red (F27).
    """
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate, off = nets.gate_of(stage), list[Promise]()
    rested = environment(stage, WATCH, COOL_DOWN_SECONDS="0")  # another story may have used the watch just now
    with nets.switched_off(stage, gate="either", watch=False), changed(stage, WATCH, Environment=rested):
        scene = play(stage, net_watch.name, "client", lambda: _release_and_listen(stage, image, gate, off))
        nets.wait_for_quiet(stage, "client")
    return Played([*off, *_watch_promises(stage, scene, image)], _since(stage, image), scene.traffic)


def _release_and_listen(stage: Stage, image: Image, gate: str, off: list[Promise]) -> Finished:
    """Release without alarms, which so can't stop the deployment; then, with them, wait for the watch's rollback."""
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


def _watch_promises(stage: Stage, scene: Scene, image: Image) -> list[Promise]:
    undone = _undone(stage, image)
    requested_by = undone.requested_by if undone else "nobody"
    since = _since(stage, image)
    return [
        Promise("a bad version that nothing else stops is released", scene.ended.code == 0, scene.reason),
        outcome_promise(undone, BEFORE_WATCH, Outcome.RELEASED),
        Promise("an alarm of the users' failures woke the watch", "5xx" in requested_by, requested_by),
        Promise("the watch rolls back once", len(since) == 2, f"{len(since)} releases since"),
        running_promise(scene.after["client"], "client", scene.former),
        *met_promises(scene, BEFORE_WATCH, image.digest),
        *untouched_promises(scene, BEFORE_WATCH),
        afterwards_promise(stage, net_watch.name, BEFORE_WATCH),
    ]


def _since(stage: Stage, image: Image) -> list[Release]:
    """Return the release of the image, and all that put it back."""
    releases = stage.ledger.releases("client")
    return [release for release in releases if image.digest in (release.digest, release.former_digest)]


def _undone(stage: Stage, image: Image) -> Release | None:
    """Return the rollback of the image, once it is over."""
    newest = stage.latest("client")
    ours = newest is not None and newest.kind is Kind.ROLLBACK and newest.former_digest == image.digest
    return newest if newest and ours and newest.outcome is not Outcome.RUNNING else None

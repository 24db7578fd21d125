"""Bad clients: refused by ECS's lifecycle hook before users meet them, or stopped as a canary."""

from rehearsal.stage import Stage
from rehearsal.story_parts import nets
from rehearsal.story_parts.figures import canary_back, canary_exposure, canary_share, flip, reaction_of_the_hook
from rehearsal.story_parts.moments import gate_calls, last_before, last_deployment
from rehearsal.story_parts.scene import (
    Scene,
    afterwards_promise,
    met_promises,
    play,
    undone_promises,
    unsuccessful_promises,
    untouched_promises,
)
from rehearsal.story_parts.story import Figure, Played, Promise, running_promise, story
from release_engine.ledger import Outcome


@story("bad-client", "A client that fails a fifth of its requests is refused and undone")
def bad_client(stage: Stage) -> Played:
    """A client that answers 500 to a fifth of its requests: refused, and the former digest put back."""
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    scene = play(stage, bad_client.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "bad client", image.digest, "web errors")
    return Played(promises, scene.releases, scene.traffic, [_reaction(stage)])


def _reaction(stage: Stage) -> Figure:
    client = stage.settings.components["client"]
    decided = last_deployment(stage, client.services["web"].name).decided
    refused = last_before(decided, gate_calls(stage))
    return reaction_of_the_hook(refused, decided, interval=client.gate.interval_seconds)


@story("slow-client", "A client that is correct but slow is refused and undone")
def slow_client(stage: Stage) -> Played:
    """A client that answers correctly, but takes one and a half seconds: refused for its p95."""
    image = stage.build("client", stage.next_version(), fault="slow")
    scene = play(stage, slow_client.name, "client", lambda: stage.release({"client": image}))
    return Played(undone_promises(scene, "slow client", image.digest, "web p95"), scene.releases, scene.traffic)


@story("slower-client", "A client within its limits, but slower than the former one, is refused and undone")
def slower_client(stage: Stage) -> Played:
    """A client that keeps its limits, but is slower than the version before it: refused by the comparison alone."""
    image = stage.build("client", stage.next_version(), fault="slower")
    scene = play(stage, slower_client.name, "client", lambda: stage.release({"client": image}))
    both = "web canary p95" in scene.reason and "against baseline" in scene.reason
    left = stage.beside("client")
    promises = [
        *undone_promises(scene, "slower client", image.digest, "web canary p95"),
        Promise("the reason shows both sides of the comparison", both, scene.reason),
        Promise("no limit was broken by the slower client", "> limit" not in scene.reason, scene.reason),
        Promise("what it was compared with is gone", not left, f"{len(left)} services left"),
    ]
    return Played(promises, scene.releases, scene.traffic)


WHAT = "client that is found out as a canary"


@story("bad-canary", "A client that only its first users find bad meets its percentage of them, and not for long")
def bad_canary(stage: Stage) -> Played:
    """A client that is good in test traffic and bad for users: what its canary costs them.

    The gate's first look is off, and so are the alarms, the bake and the watch: only the look at the canary stops it.
    """
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    gate = nets.gate_of(stage)
    with nets.switched_off(stage, gate="test_traffic", watch=True, alarms_of="client"):
        off = [
            nets.hook_promise(stage, gate, on=False),
            nets.watch_promise(stage, on=False),
            nets.alarms_promise(stage, "client", on=False),
        ]
        scene = play(stage, bad_canary.name, "client", lambda: stage.release({"client": image}))
    promises = [
        *off,
        *unsuccessful_promises(scene, WHAT, Outcome.ROLLED_BACK, ["web errors"]),
        running_promise(scene.after["client"], "client", scene.former),
        *met_promises(scene, WHAT, image.digest),
        *untouched_promises(scene, WHAT),
        canary_share(scene.met(image.digest), scene.span(image.digest), _percent(stage)),
        afterwards_promise(stage, bad_canary.name, WHAT),
    ]
    return Played(promises, scene.releases, scene.traffic, _figures(stage, scene, image.digest))


def _figures(stage: Stage, scene: Scene, bad: str) -> list[Figure]:
    client = stage.settings.components["client"]
    web, span = client.services["web"], scene.span(bad)
    interval, step = client.gate.interval_seconds, 60.0 * (web.canary_minutes or 0)
    decided = last_deployment(stage, web.name).decided
    refused = last_before(decided, gate_calls(stage))
    return [
        canary_exposure(span, step_seconds=step, interval=interval, speed=stage.speed),
        canary_back(refused, decided, span, interval=interval),
        flip(decided, span),
    ]


def _percent(stage: Stage) -> int:
    """Return the percentage of users that a canary of the client gets."""
    return stage.settings.components["client"].services["web"].canary_percent or 0

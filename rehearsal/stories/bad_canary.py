"""A client that test traffic finds nothing wrong with and users do: what its canary costs them.

The gate's first look is off, and so are the alarms, the bake and the watch: what stops it is the look at the canary.
"""

from rehearsal.stage import Stage
from rehearsal.story_parts import nets
from rehearsal.story_parts.moments import gate_calls, last_before, last_deployment
from rehearsal.story_parts.scene import (
    Scene,
    afterwards_promise,
    met_promises,
    play,
    unsuccessful_promises,
    untouched_promises,
)
from rehearsal.story_parts.story import Figure, Played, running_promise, story
from rehearsal.story_parts.undoing import canary_back, canary_exposure, canary_share, flip
from release_engine.ledger import Outcome

WHAT = "client that is found out as a canary"


@story("bad-canary", "A client that only its first users find bad meets its percentage of them, and not for long")
def bad_canary(stage: Stage) -> Played:
    """A client that test traffic finds nothing wrong with and users do: what its canary costs them.

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
    """The percentage of users that a canary of the client gets."""
    return stage.settings.components["client"].services["web"].canary_percent or 0

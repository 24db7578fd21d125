"""Backends that answer and are healthy to ECS, and are refused all the same."""

import json

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import (
    Scene,
    met_promises,
    play,
    spared_promises,
    undone_promises,
    unsuccessful_promises,
)
from rehearsal.story_parts.story import Played, Promise, running_promise, story
from release_engine.ledger import Outcome

SILENT = "silent backend"
LAGGING = "lagging backend"


@story("database-unreachable", "A backend that lives but cannot reach its database is refused and undone")
def database_unreachable(stage: Stage) -> Played:
    """A backend that boots, answers /up, and cannot reach its database: only the probe in depth tells (F12)."""
    image = stage.build("backend", stage.next_version(), fault="database-unreachable")
    scene = play(stage, database_unreachable.name, "backend", lambda: stage.release({"backend": image}))
    what = "backend without its database"
    promises = [*undone_promises(scene, what, image.digest, "web unready"), _evidence_promise(scene)]
    return Played(promises, scene.releases, scene.traffic)


def _evidence_promise(scene: Scene) -> Promise:
    """`/up` was green, or ECS would have given up before it asked the gate."""
    found = json.dumps(dict(scene.release.evidence), default=str) if scene.release else ""
    told = "not ok: database" in found
    return Promise("the evidence names the database", told, "not ok: database" if told else found)


@story("metrics-missing", "A backend whose metrics the gate waits for in vain is refused and undone")
def metrics_missing(stage: Stage) -> Played:
    """A healthy backend that reports nothing of itself: it is undone, for silence is no health (F34)."""
    image = stage.build("backend", stage.next_version(), fault="reports-nothing")
    scene = play(stage, metrics_missing.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, SILENT, Outcome.ROLLED_BACK, ["consumer lag had no data in"]),
        running_promise(scene.after["backend"], "backend", scene.former),
        *met_promises(scene, SILENT, image.digest),
        *spared_promises(scene, SILENT),
    ]
    return Played(promises, scene.releases, scene.traffic)


@story("growing-lag", "A backend whose Kafka consumer consumes nothing is refused and undone")
def growing_lag(stage: Stage) -> Played:
    """A healthy backend whose consumer leaves its messages where they are: it is undone (F24)."""
    image = stage.build("backend", stage.next_version(), fault="consumes-nothing")
    scene = play(stage, growing_lag.name, "backend", lambda: stage.release({"backend": image}))
    promises = [
        *unsuccessful_promises(scene, LAGGING, Outcome.ROLLED_BACK, ["consumer lag"]),
        running_promise(scene.after["backend"], "backend", scene.former),
        *spared_promises(scene, LAGGING),
    ]
    return Played(promises, scene.releases, scene.traffic)

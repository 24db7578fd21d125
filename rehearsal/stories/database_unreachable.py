"""A backend that boots, answers /up, and cannot reach its database: only the probe in depth tells (F12)."""

import json

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import Scene, play, undone_promises
from rehearsal.story_parts.story import Played, Promise, Story


def run(stage: Stage) -> Played:
    image = stage.build("backend", stage.next_version(), fault="database-unreachable")
    scene = play(stage, STORY.name, "backend", lambda: stage.release({"backend": image}))
    what = "backend without its database"
    promises = [*undone_promises(scene, what, image.digest, "web unready"), _evidence_promise(scene)]
    return Played(promises, scene.releases, scene.traffic)


def _evidence_promise(scene: Scene) -> Promise:
    """`/up` was green, or ECS would have given up before it asked the gate."""
    found = json.dumps(dict(scene.release.evidence), default=str) if scene.release else ""
    told = "not ok: database" in found
    return Promise("the evidence names the database", told, "not ok: database" if told else found)


STORY = Story("database-unreachable", "A backend that lives but cannot reach its database is refused and undone", run)

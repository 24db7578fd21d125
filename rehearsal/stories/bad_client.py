"""A client that answers 500 to a fifth of its requests: refused, and the former digest put back."""

from rehearsal.stage import Stage
from rehearsal.story_parts.gate_calls import gate_calls, last_before
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.service_deployments import last_deployment
from rehearsal.story_parts.story import Figure, Played, Story
from rehearsal.story_parts.undoing import reaction_of_the_hook


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}))
    promises = undone_promises(scene, "bad client", image.digest, "web errors")
    return Played(promises, scene.releases, scene.traffic, [_reaction(stage)])


def _reaction(stage: Stage) -> Figure:
    client = stage.settings.components["client"]
    decided = last_deployment(stage, client.services["web"].name).decided
    asked = last_before(decided, gate_calls(stage))
    return reaction_of_the_hook(asked, decided, interval=client.gate.interval_seconds)


STORY = Story("bad-client", "A client that fails a fifth of its requests is refused and undone", run)

"""Clients that ECS's lifecycle hook refuses before users meet them: they fail, are slow, or slower than before."""

from rehearsal.stage import Stage
from rehearsal.story_parts.moments import gate_calls, last_before, last_deployment
from rehearsal.story_parts.scene import play, undone_promises
from rehearsal.story_parts.story import Figure, Played, Promise, story
from rehearsal.story_parts.undoing import reaction_of_the_hook


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
    asked = last_before(decided, gate_calls(stage))
    return reaction_of_the_hook(asked, decided, interval=client.gate.interval_seconds)


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

"""One of eight tasks that serve users keeps the old code, and its release is not called good (F26)."""

from collections.abc import Sequence

from rehearsal.build import Image
from rehearsal.commands import Finished, wait_until
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.by_hand import Fleet
from rehearsal.story_parts.scene import Scene, play, refused_promises, spared_promises, unsuccessful_promises
from rehearsal.story_parts.story import Played, Promise, running_promise, story
from release_engine.ledger import Outcome

EIGHT = 8
LEFT, BESIDE = "backend of which one of eight stays old", "backend beside one that was started by hand"


@story("eighth-task", "A release of which one task in eight keeps the old code is not called released")
def eighth_task(stage: Stage) -> Played:
    """One of eight tasks keeps the old code: somebody started it by hand, so no deployment replaces it (F26).

    At Knight Capital, in 2012, seven of eight servers had the new code. Here the task is started in the middle of a
    release, which finds it at its end and goes back. While it is still there, the next release does not even begin.
    """
    first, second = (stage.build("backend", stage.next_version()) for _ in range(2))
    fleet, by_hand = Fleet(stage, stage.settings.components["backend"].services["web"].name), list[str]()
    with fleet.of(EIGHT - 1):
        try:
            undone = play(stage, eighth_task.name, "backend", lambda: _release_and_start(stage, first, fleet, by_hand))
            serving = fleet.serving
            refused = play(stage, f"{eighth_task.name}, again", "backend", lambda: stage.release({"backend": second}))
        finally:
            for arn in by_hand:
                fleet.end_by_hand(arn)
    promises = _promises(undone, refused, serving, [arn.rpartition("/")[2] for arn in by_hand])
    return Played(promises, [*undone.releases, *refused.releases], undone.traffic)


def _release_and_start(stage: Stage, image: Image, fleet: Fleet, by_hand: list[str]) -> Finished:
    """Release, and start one more task of the former version as soon as a task of the new one runs."""
    former = fleet.definition
    under_way = stage.start({"backend": image})
    wait_until(lambda: image.digest in stage.running("backend").digests, "a task of the new backend runs")
    by_hand.append(fleet.start_by_hand(former))
    return under_way.wait(LONGEST_RELEASE)


def _promises(undone: Scene, refused: Scene, serving: int, ids: Sequence[str]) -> list[Promise]:
    count = f"1 of {EIGHT} tasks runs {undone.former}"
    return [
        Promise("the eighth serves users beside seven of the service", serving == EIGHT, f"{serving} healthy targets"),
        *unsuccessful_promises(undone, LEFT, Outcome.ROLLED_BACK, [count]),
        running_promise(undone.after["backend"], "backend", undone.former),
        *spared_promises(undone, LEFT),
        *refused_promises(refused, BESIDE, "was started by hand"),
        *(
            Promise(f"the reason of a {what} names the task", bool(ids) and all(id_ in scene.reason for id_ in ids))
            for what, scene in ((LEFT, undone), (BESIDE, refused))
        ),
    ]

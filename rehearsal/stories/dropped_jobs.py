"""A backend whose workers drop the jobs in hand when they are told to stop (F22).

No gate can see that before the next release stops them, so it is the exchange's own count that must notice.
"""

from rehearsal.stage import Stage
from rehearsal.story_parts.conservation import lost_jobs, settled
from rehearsal.story_parts.scene import play, released_promises
from rehearsal.story_parts.story import Played, Promise, story, unharmed_promise


@story("dropped-jobs", "Workers that drop jobs when they are stopped are noticed, good ones drop none")
def dropped_jobs(stage: Stage) -> Played:
    """A backend whose workers drop the jobs in hand when they are told to stop (F22).

    No gate can see that before the next release stops them, so it is the exchange's own count that must notice.
    """
    careless = stage.build("backend", stage.next_version(), fault="drops-jobs")
    careful = stage.build("backend", stage.next_version())
    before = lost_jobs(settled(stage))
    first = play(stage, f"{dropped_jobs.name}, released", "backend", lambda: stage.release({"backend": careless}))
    between = settled(stage, lost=before)
    spared = lost_jobs(between) - before
    second = play(stage, dropped_jobs.name, "backend", lambda: stage.release({"backend": careful}))
    after = settled(stage, lost=lost_jobs(between))
    lost = lost_jobs(after) - lost_jobs(between)
    orders = after["orders_unconfirmed"] - between["orders_unconfirmed"]
    promises = [
        *released_promises(first, "backend that drops jobs", careless.digest),
        Promise("replacing good workers loses no job", spared == 0, f"{spared:.0f} jobs lost"),
        *released_promises(second, "backend after one that drops jobs", careful.digest),
        Promise(
            "the exchange's own count notices the jobs that bad workers drop",
            lost > 0,
            f"{lost:.0f} jobs lost, {orders:.0f} orders without their confirmation",
        ),
        unharmed_promise(second.traffic, "a release that loses jobs"),
    ]
    return Played(promises, [*first.releases, *second.releases], second.traffic)

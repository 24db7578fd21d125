"""What the exchange itself has counted, once what was on its way has arrived."""

from time import sleep

from rehearsal.stage import Stage
from rehearsal.story_parts.story import Promise

LOOK_EVERY, LOOKS = 0.3, 600
CALM = 30  # looks without anything waiting after which nothing comes any more


def settled(stage: Stage, *, lost: float = 0) -> dict[str, float]:
    """Return the counts as soon as no more than `lost` jobs are missing, else those with the fewest missing.

    Users must be idle.
    """
    calm = []
    for _ in range(LOOKS):
        found = stage.figures()
        if not found["jobs_waiting"] and not found["trades_lag"]:
            calm.append(found)
            if lost_jobs(found) <= lost or len(calm) == CALM:
                break
        sleep(LOOK_EVERY)
    return min(calm, key=lost_jobs, default=found)


def lost_jobs(figures: dict[str, float]) -> float:
    """Return how many jobs were counted when they were queued, wait no longer, and were never done."""
    return figures["jobs_enqueued"] - figures["jobs_done"] - figures["jobs_waiting"]


def conservation_promises(figures: dict[str, float], *, lost: float) -> list[Promise]:
    """Nothing was lost and nothing ran twice, by the exchange's own count (F22, F23, F24).

    `lost` is how many jobs were lost before.
    """
    jobs = (
        f"{figures['jobs_enqueued']:.0f} enqueued, {figures['jobs_done']:.0f} done, {figures['jobs_waiting']:.0f} wait"
    )
    trades = f"{figures['trades']:.0f} trades, {figures['trades_missing']:.0f} missing"
    return [
        Promise("no background job is lost", lost_jobs(figures) == lost, jobs),
        Promise("no trade is lost", figures["trades"] > 0 and figures["trades_missing"] == 0, trades),
        Promise(
            "never two engines at once",
            figures["trades_in_conflict"] == 0,
            f"{figures['trades_in_conflict']:.0f} in conflict",
        ),
        Promise(
            "never two schedulers at once", figures["schedulers_at_once"] == 0, f"{figures['clock_ticks']:.0f} ticks"
        ),
    ]

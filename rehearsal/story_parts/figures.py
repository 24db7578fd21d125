"""What the exchange itself has counted, once what was on its way has arrived."""

from time import sleep

from rehearsal.stage import Stage

LOOK_EVERY, LOOKS = 0.3, 60
CALM = 20  # looks without anything waiting after which nothing comes any more


def settled(stage: Stage, *, lost: float = 0) -> dict[str, float]:
    """As soon as no more than `lost` jobs are missing; else what was missing least. Users must be idle."""
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
    """Counted when they were queued, and never done."""
    return figures["jobs_enqueued"] - figures["jobs_done"] - figures["jobs_waiting"]

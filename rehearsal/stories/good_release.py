"""A new version of everything, in order, while users trade."""

from rehearsal.stage import Stage
from rehearsal.story_parts import own_time
from rehearsal.story_parts.figures import lost_jobs, settled
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise, unharmed_promise
from release_engine.ledger import Outcome


def run(stage: Stage) -> Played:
    images = stage.build_all()
    lost = lost_jobs(settled(stage))
    stage.traffic.begin(STORY.name)
    stage.traffic.wait_for_requests(STORY.name)
    ended = stage.release(images)
    traffic = stage.traffic.end(STORY.name)
    releases = {component: stage.latest(component) for component in images}
    promises = [
        Promise("a good release of all components succeeds", ended.code == 0, f"exit code {ended.code}"),
        unharmed_promise(traffic, "a good release"),
        *conservation_promises(settled(stage, lost=lost), lost=lost),
    ]
    for component, image in images.items():
        promises += [
            outcome_promise(releases[component], f"good {component}", Outcome.RELEASED),
            running_promise(stage.running(component), component, image.digest),
        ]
    known = [release for release in releases.values() if release]
    return Played(promises, known, traffic, [own_time.of_chain(stage, known, ended.seconds)])


def conservation_promises(figures: dict[str, float], *, lost: float) -> list[Promise]:
    """What the exchange itself has counted (F22, F23, F24); `lost` is how many jobs were lost before."""
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


STORY = Story("good-release", "A good release of backend, client and engine while users trade", run)

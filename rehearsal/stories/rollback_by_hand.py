"""A person rolls the client back: a plan is shown, the former digest runs again, and the ledger says who asked."""

from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.stories.story import Played, Promise, Story, outcome_promise, running_promise, unharmed_promise
from release_engine.ledger import Kind, Outcome

UNTOUCHED = ("backend", "engine")


def run(stage: Stage) -> Played:
    current = stage.ledger.current("client")
    former = current.digest if current else ""
    released = stage.release({"client": stage.build("client", stage.next_version())})
    before = {component: stage.running(component) for component in UNTOUCHED}
    stage.traffic.begin(STORY.name)
    stage.traffic.wait_for_requests(STORY.name)
    ended = stage.command("rollback", "client", "--yes").wait(LONGEST_RELEASE)
    traffic = stage.traffic.end(STORY.name)
    release = stage.latest("client")
    promises = [
        Promise("the version to be rolled back is released first", released.code == 0, f"exit code {released.code}"),
        Promise("a rollback by hand succeeds", ended.code == 0, f"exit code {ended.code}"),
        Promise("the plan says what is put back", former in ended.output, "\n".join(ended.lines[:3])),
        outcome_promise(release, "rollback of the client", Outcome.RELEASED),
        Promise("the ledger knows it for a rollback", bool(release and release.kind is Kind.ROLLBACK)),
        running_promise(stage.running("client"), "client", former),
        *(
            Promise(f"{component} is untouched by a rollback", stage.running(component) == before[component])
            for component in UNTOUCHED
        ),
        unharmed_promise(traffic, "a rollback by hand"),
    ]
    return Played(promises, [release] if release else [], traffic)


STORY = Story("rollback-by-hand", "A person rolls the client back to the digest before", run)

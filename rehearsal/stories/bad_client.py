"""A client that answers 500 to a fifth of its requests: refused, and the former digest put back."""

from rehearsal.stage import Stage
from rehearsal.stories.story import Played, Promise, Story, outcome_promise, running_promise
from release_engine.ledger import Outcome, Release

UNTOUCHED = ("backend", "engine")


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version(), fault="errors-for-a-fifth")
    current = stage.ledger.current("client")
    former = current.digest if current else ""
    before = {component: stage.running(component) for component in UNTOUCHED}
    stage.traffic.begin(STORY.name)
    stage.traffic.wait_for_requests(STORY.name)
    ended = stage.release({"client": image})
    traffic = stage.traffic.end(STORY.name)
    release = stage.latest("client")
    promises = [
        Promise("a bad release ends the command line with an error", ended.code != 0, f"exit code {ended.code}"),
        outcome_promise(release, "bad client", Outcome.ROLLED_BACK),
        _reason_promise(release),
        running_promise(stage.running("client"), "client", former),
        *(
            Promise(f"{component} is untouched by a bad client", stage.running(component) == before[component])
            for component in UNTOUCHED
        ),
        _users_promise(traffic.get("client", {}).get("digests", {}), image.digest),
        Promise(
            "no user of the backend notices the bad client",
            traffic.get("backend", {}).get("failures", 1) == 0,
            str(traffic.get("backend", {}).get("examples", "no request")),
        ),
    ]
    return Played(promises, [release] if release else [], traffic)


def _reason_promise(release: Release | None) -> Promise:
    """The reason is the fault that was built in, not something else that went wrong."""
    reason = (release and release.reason) or "no reason"
    return Promise("the gate names the errors as its reason", "error" in reason.lower(), reason)


def _users_promise(digests: dict[str, int], bad: str) -> Promise:
    met, asked = digests.get(bad, 0), sum(digests.values())
    return Promise("no user meets the bad client", asked > 0 and met == 0, f"{met} of {asked} requests met it")


STORY = Story("bad-client", "A client that fails a fifth of its requests is refused and undone", run)

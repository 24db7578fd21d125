"""Two releases of one component at once: the second is refused, the first goes on (F10, F20)."""

from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise
from rehearsal.waiting import wait_until
from release_engine.ledger import Outcome


def run(stage: Stage) -> Played:
    first, second = (stage.build("client", stage.next_version()) for _ in range(2))
    under_way = stage.start({"client": first})
    wait_until(lambda: stage.ledger.lock("client").holder is not None, "the first release takes the lock")
    refused = stage.release({"client": second})
    still_running = under_way.running
    ended = under_way.wait(LONGEST_RELEASE)
    release = stage.latest("client")
    promises = [
        Promise("the second release is refused", refused.code != 0, f"exit code {refused.code}"),
        Promise(
            "the refusal says who is busy",
            "busy" in refused.output.lower() or "lock" in refused.output.lower(),
            refused.lines[-1] if refused.lines else "",
        ),
        Promise("the refusal comes while the first release is under way", still_running),
        Promise("the first release is not harmed", ended.code == 0, f"exit code {ended.code}"),
        outcome_promise(release, "first of two client", Outcome.RELEASED),
        running_promise(stage.running("client"), "client", first.digest),
    ]
    return Played(promises, [release] if release else [])


STORY = Story("busy", "A second release of a component while one is under way is refused", run)

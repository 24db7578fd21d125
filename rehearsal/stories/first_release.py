"""The stacks are deployed and the repositories were empty: the first release brings the services to life."""

from rehearsal.stage import Stage
from rehearsal.story_parts.story import Played, Promise, Story, outcome_promise, running_promise
from release_engine.ledger import Outcome


def run(stage: Stage) -> Played:
    images = stage.build_all()
    ended = stage.release(images)
    releases = {component: stage.latest(component) for component in images}
    promises = [Promise("the first release of all components succeeds", ended.code == 0, f"exit code {ended.code}")]
    for component, image in images.items():
        promises += [
            outcome_promise(releases[component], f"first {component}", Outcome.RELEASED),
            running_promise(stage.running(component), component, image.digest),
        ]
    return Played(promises, [release for release in releases.values() if release])


STORY = Story("first-release", "The first release brings every service to life", run)

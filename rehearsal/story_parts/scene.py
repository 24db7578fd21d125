"""Plays one thing that happens to a component, and turns what came of it into promises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import sleep
from typing import Any

from rehearsal.commands import Finished, wait_until
from rehearsal.stage import Running, Stage
from rehearsal.story_parts.story import Promise, outcome_promise, running_promise, unharmed_promise
from release_engine.ledger import Outcome, Release

LOOK_EVERY, LOOKS = 0.3, 600
CALM = 30  # after so many looks with nothing waiting, no more jobs come


def settled(stage: Stage, *, lost: float = 0) -> dict[str, float]:
    """Return the backend's figures as soon as no more than `lost` jobs are missing, else those with the fewest missing.

    Users must be idle.
    """
    calm = []
    for _ in range(LOOKS):
        figures = stage.figures()
        if not figures["jobs_waiting"] and not figures["trades_lag"]:
            calm.append(figures)
            if lost_jobs(figures) <= lost or len(calm) == CALM:
                break
        sleep(LOOK_EVERY)
    return min(calm, key=lost_jobs, default=figures)


def lost_jobs(figures: dict[str, float]) -> float:
    """Return how many jobs were queued, wait no longer, and were never done."""
    return figures["jobs_enqueued"] - figures["jobs_done"] - figures["jobs_waiting"]


def conservation_promises(figures: dict[str, float], *, lost: float) -> list[Promise]:
    """Promise that nothing was lost and nothing ran twice, by the exchange's own count (F22, F23, F24).

    `lost` is how many jobs were lost before the story.
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


AFTERWARDS = 100  # requests: two seconds of users


@dataclass(frozen=True)
class Scene:
    """What came of one thing that happened to `component`.

    `ended` is the command that did it. `before` and `after` say what ran of each component, `traffic` what its users
    saw. `release` is the component's newest in the ledger.
    """

    component: str
    ended: Finished
    before: Mapping[str, Running]
    after: Mapping[str, Running]
    traffic: Mapping[str, Mapping[str, Any]]
    release: Release | None

    @property
    def former(self) -> str:
        """The digest that ran before; every story begins with one alone."""
        return next(iter(self.before[self.component].digests), "")

    @property
    def reason(self) -> str:
        return (self.release and self.release.reason) or "no reason"

    @property
    def releases(self) -> list[Release]:
        return [self.release] if self.release else []

    def met(self, digest: str) -> int:
        """Return how many of the users' requests this version answered."""
        return int(self._digests.get(digest, 0))

    @property
    def failed(self) -> int:
        """How many of the component's requests failed."""
        return int(self.traffic.get(self.component, {}).get("failures", 0))

    def span(self, digest: str) -> Mapping[str, float]:
        """Return when a version answered users; empty if it never did.

        `first_at` and `last_at` are epoch seconds, `among` is how many requests the component's users made in between.
        """
        span: Mapping[str, float] = self.traffic.get(self.component, {}).get("spans", {}).get(digest, {})
        return span

    @property
    def requests(self) -> int:
        """How many requests the component's users made."""
        return sum(self._digests.values())

    @property
    def _digests(self) -> Mapping[str, int]:
        digests: Mapping[str, int] = self.traffic.get(self.component, {}).get("digests", {})
        return digests


def play(stage: Stage, story: str, component: str, happens: Callable[[], Finished], *, users: bool = True) -> Scene:
    """Let `happens` run, while users trade unless `users` is false; return what came of it."""
    before = _running(stage)
    if users:
        stage.traffic.begin(story)
        stage.traffic.wait_for_requests(story)
    ended = happens()
    traffic = stage.traffic.end(story) if users else {}
    return Scene(component, ended, before, _running(stage), traffic, stage.latest(component))


def _running(stage: Stage) -> dict[str, Running]:
    return {component: stage.running(component) for component in stage.settings.chain}


def unsuccessful_promises(scene: Scene, what: str, outcome: Outcome, because: Sequence[str]) -> list[Promise]:
    """Promise that a release fails with this outcome and for the right reason: one with words of `because`."""
    code, named = scene.ended.code, any(words in scene.reason for words in because)
    return [
        Promise(f"a {what} ends the command line with an error", code != 0, f"exit code {code}"),
        outcome_promise(scene.release, what, outcome),
        Promise(f"the reason of a {what} is the real one", named, scene.reason),
    ]


def undone_promises(scene: Scene, what: str, bad: str, *because: str) -> list[Promise]:
    """Promise that a bad version was found and undone before any user met it."""
    return [
        *unsuccessful_promises(scene, what, Outcome.ROLLED_BACK, because),
        running_promise(scene.after[scene.component], scene.component, scene.former),
        unmet_promise(scene, what, bad),
        *spared_promises(scene, what),
    ]


def refused_promises(scene: Scene, what: str, *because: str) -> list[Promise]:
    """Promise that a release was refused and nothing touched: the very same tasks run."""
    same = scene.after[scene.component] == scene.before[scene.component]
    seen = f"{len(scene.after[scene.component].tasks)} tasks"
    return [
        *unsuccessful_promises(scene, what, Outcome.REFUSED, because),
        Promise(f"no task of {scene.component} is touched by a {what}", same, seen),
        *spared_promises(scene, what),
    ]


def released_promises(scene: Scene, what: str, digest: str) -> list[Promise]:
    """Promise that a version went out and no other component was touched."""
    return [
        Promise(f"releasing a {what} succeeds", scene.ended.code == 0, f"exit code {scene.ended.code}"),
        outcome_promise(scene.release, what, Outcome.RELEASED),
        running_promise(scene.after[scene.component], scene.component, digest),
        *untouched_promises(scene, what),
    ]


def spared_promises(scene: Scene, what: str) -> list[Promise]:
    """Promise that neither users nor other components noticed anything."""
    return [*untouched_promises(scene, what), unharmed_promise(scene.traffic, f"the release of a {what}")]


def untouched_promises(scene: Scene, what: str) -> list[Promise]:
    """Promise that the very same tasks of every other component run."""
    others = [component for component in scene.before if component != scene.component]
    return [
        Promise(
            f"{component} is untouched by a {what}",
            scene.after[component] == scene.before[component],
            f"{len(scene.after[component].tasks)} tasks",
        )
        for component in others
    ]


def met_promises(scene: Scene, what: str, bad: str) -> list[Promise]:
    """Promise that users met a bad version, as nothing spared them, and that nothing else failed their requests."""
    met, failed = scene.met(bad), scene.failed
    seen = f"{met} of {scene.requests} requests met it, {failed} failed"
    others = [name for name, count in scene.traffic.items() if name != scene.component and count["failures"]]
    return [
        Promise(f"users meet the {what} until it is undone", met > 0, seen),
        Promise(f"nothing but the {what} fails users' requests", failed <= met and not others, seen),
    ]


def afterwards_promise(stage: Stage, story: str, what: str) -> Promise:
    """Let users trade a while longer, and promise that what was undone fails no request of theirs."""
    phase = f"{story}, afterwards"
    stage.traffic.begin(phase)
    wait_until(lambda: _requests(stage, phase) >= AFTERWARDS, f"users have made {AFTERWARDS} requests")
    return unharmed_promise(stage.traffic.end(phase), f"the time after the {what}")


def _requests(stage: Stage, phase: str) -> int:
    return sum(count["requests"] for count in stage.traffic.counts.get(phase, {}).values())


def unmet_promise(scene: Scene, what: str, bad: str) -> Promise:
    """Promise that there were users and that the bad version answered none of them."""
    met, requests = scene.met(bad), scene.requests
    return Promise(f"no user meets the {what}", requests > 0 and met == 0, f"{met} of {requests} requests met it")
